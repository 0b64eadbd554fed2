"""Amounts by name: lying bars with a mark to hold them against, and standing ones for classes of size."""

import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain, short, shorts

ROW = 30
_CLEAR = 0.15  # of the longest: a tick farther from its bar leaves room for the text
_GAP = "\u00a0\u00a0"  # ordinary blanks at the beginning of a text are not drawn


def bars(
    rows: pd.DataFrame,
    *,
    palette: Palette,
    form: str = ",",
    axis: str = "",
    against: str = "",
    click: bool = False,
    room: float = 0.22,
) -> go.Figure:
    """Draw one lying bar a row, the first on top.

    `rows` has `name`, `value`, `text` (written beside the bar) and, where `against` says what it is, `mark`: a
    tick that the bar is held against; `under`, where given, stands below the name. `form` is how values are
    written (d3's words), `room` what the texts beside the bars need of the width.
    """
    rows = rows.reset_index(drop=True)
    names, ticks = _names(rows)
    chart = figure(palette, (ROW + 12 * ("under" in rows)) * len(rows) + 80)
    chart.add_bar(
        x=rows["value"],
        y=rows.index,
        orientation="h",
        name=plain(axis),
        marker={"color": palette.accent},
        customdata=names,
        hovertemplate=f"%{{customdata}}: %{{x:{form}}}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.6}},
    )
    ends = beside = rows["value"]
    if against:
        ends = rows[["value", "mark"]].max(axis=1)
        beside = rows["value"].where(ends - rows["value"] > _CLEAR * float(ends.max()), ends)
        _marks(chart, rows["mark"], names, plain(against), form, palette)
    _texts(chart, beside, rows["text"])
    chart.update_xaxes(tickformat=form, range=[0, float(ends.max()) * (1 + room) or 1], nticks=5)
    chart.update_yaxes(
        tickvals=list(rows.index),
        ticktext=ticks,
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
        ticklabelstandoff=6,
    )
    chart.update_layout(showlegend=bool(against), bargap=0.35)
    return chart.update_layout(clickmode="event+select") if click else chart


def _names(rows: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The full names for the eye that looks closer, and what fits beside the axis."""
    names, ticks = [plain(name) for name in rows["name"]], shorts(rows["name"])
    if "under" not in rows:
        return names, ticks
    below = rows["under"]
    return (
        [f"{one}, {plain(other)}" for one, other in zip(names, below, strict=True)],
        [f"{one}<br>{short(other)}" for one, other in zip(ticks, below, strict=True)],
    )


def _marks(
    chart: go.Figure, at: pd.Series, names: list[str], words: str, form: str, palette: Palette
) -> None:
    colour = palette.series[2]
    chart.add_scatter(
        x=at,
        y=at.index,
        mode="markers",
        name=words,
        marker={"symbol": "line-ns", "size": 16, "line": {"width": 3, "color": colour}, "color": colour},
        customdata=names,
        hovertemplate=f"%{{customdata}}, {words}: %{{x:{form}}}<extra></extra>",
    )


def _texts(chart: go.Figure, ends: pd.Series, texts: pd.Series) -> None:
    chart.add_scatter(
        x=ends,
        y=ends.index,
        mode="text",
        text=[f"{_GAP}{plain(text)}" for text in texts],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def columns(rows: pd.DataFrame, *, axis: str, palette: Palette) -> go.Figure:
    """Draw one standing bar a class; `rows` has `label` and `value`."""
    chart = figure(palette, 240)
    total = max(1, rows["value"].sum())
    chart.add_bar(
        x=rows["label"],
        y=rows["value"],
        marker={"color": palette.accent},
        customdata=rows["value"] / total,
        hovertemplate="%{x}: %{y:,} (%{customdata:.1%})<extra></extra>",
    )
    chart.update_xaxes(title=plain(axis), type="category", showgrid=False)
    return chart.update_layout(bargap=0.15)

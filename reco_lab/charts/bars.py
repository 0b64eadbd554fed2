"""Amounts by name: lying bars with a mark to hold them against, and standing ones for classes of size."""

import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain, short

ROW = 30


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
    tick that the bar is held against. `form` is how values are written (d3's words), `room` what the texts
    beside the bars need of the width.
    """
    rows = rows.reset_index(drop=True)
    chart = figure(palette, ROW * len(rows) + 80)
    chart.add_bar(
        x=rows["value"],
        y=rows.index,
        orientation="h",
        name=plain(axis),
        marker={"color": palette.accent},
        text=[plain(text) for text in rows["text"]],
        textposition="outside",
        cliponaxis=False,
        customdata=[plain(name) for name in rows["name"]],
        hovertemplate=f"%{{customdata}}: %{{x:{form}}}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.6}},
    )
    if against:
        chart.add_scatter(
            x=rows["mark"],
            y=rows.index,
            mode="markers",
            name=plain(against),
            marker={
                "symbol": "line-ns",
                "size": 16,
                "line": {"width": 3, "color": palette.series[2]},
                "color": palette.series[2],
            },
            customdata=[plain(name) for name in rows["name"]],
            hovertemplate=f"%{{customdata}}, {plain(against)}: %{{x:{form}}}<extra></extra>",
        )
    most = float(rows[["value", "mark"]].max().max()) if against else float(rows["value"].max())
    chart.update_xaxes(tickformat=form, range=[0, most * (1 + room) or 1], nticks=5)
    chart.update_yaxes(
        tickvals=list(rows.index),
        ticktext=[short(name) for name in rows["name"]],
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
    )
    chart.update_layout(showlegend=bool(against), bargap=0.35)
    return chart.update_layout(clickmode="event+select") if click else chart


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

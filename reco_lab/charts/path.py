"""A path through two aims as one setting is turned, with the place where it stands now."""

import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain


def path(rows: pd.DataFrame, *, at: float, x_axis: str, y_axis: str, palette: Palette) -> go.Figure:
    """Draw the settings in their order; `rows` has `setting`, `x` and `y`, and `at` is the setting to mark."""
    chart = figure(palette, 320)
    chart.add_scatter(
        x=rows["x"],
        y=rows["y"],
        mode="lines+markers",
        line={"color": palette.muted, "width": 2},
        marker={"color": palette.text, "size": 7},
        customdata=rows["setting"],
        hovertemplate="%{customdata}: %{x:.3f}, %{y:.4f}<extra></extra>",
    )
    now = rows.loc[[(rows["setting"] - at).abs().idxmin()]]
    _named(chart, rows.iloc[:1], "as it is", palette.text, palette)
    if at:
        _named(chart, now, f"strength {at:g}", palette.accent, palette)
    chart.update_xaxes(title=plain(x_axis))
    chart.update_yaxes(title=plain(y_axis), rangemode="tozero")
    return chart.update_layout(margin={"t": 32})


def _named(chart: go.Figure, row: pd.DataFrame, words: str, colour: str, palette: Palette) -> None:
    chart.add_scatter(
        x=row["x"],
        y=row["y"],
        mode="markers+text",
        marker={"color": colour, "size": 13},
        text=[words],
        textposition="bottom center" if colour == palette.text else "top center",
        textfont={"color": palette.text, "size": 12},
        cliponaxis=False,
        hoverinfo="skip",
    )

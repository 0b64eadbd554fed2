"""A table of amounts as shades: the darker, the more."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import shorts

LEVEL = 28


def heat(
    values: NDArray[np.floating],
    *,
    rows: list[str],
    columns: list[str],
    form: str,
    palette: Palette,
    written: bool = False,
    axis: str = "",
) -> go.Figure:
    """Draw rows x columns, NaN left blank; `form` is how a value is written (d3's words), in each cell if `written`."""
    below, beside = shorts(columns), shorts(rows)
    chart = figure(palette, 26 * len(rows) + 90)
    chart.add_heatmap(
        z=values,
        colorscale=[[0, palette.scale[0]], [1, palette.scale[1]]],
        showscale=False,
        xgap=1,
        ygap=1,
        texttemplate=f"%{{z:{form}}}" if written else None,
        textfont={"color": palette.text, "size": 11},
        customdata=[[f"{row}, {column}" for column in below] for row in beside],
        hovertemplate=f"%{{customdata}}: %{{z:{form}}}<extra></extra>",
        hoverongaps=False,
    )
    step = max(1, len(columns) // 12)
    places = list(range(0, len(columns), step))
    chart.update_xaxes(
        showgrid=False,
        ticks="",
        title=axis,
        tickvals=places,
        ticktext=[below[at] for at in places],
        tickangle=-40 if sum(len(below[at]) for at in places) > LEVEL else None,
        zeroline=False,
    )
    chart.update_yaxes(
        autorange="reversed",
        ticks="",
        showgrid=False,
        tickvals=list(range(len(rows))),
        ticktext=beside,
    )
    return chart

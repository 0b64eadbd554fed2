"""The map of recency against frequency and money: 25 fields, each with its class and how many are in it."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain

LATE = ("long ago", "2", "3", "4", "lately")
MUCH = ("little", "2", "3", "4", "much")


def fields(customers: NDArray[np.int64], names: tuple[tuple[str, ...], ...], palette: Palette) -> go.Figure:
    """Draw 5 x 5 fields: rows by recency (the latest on top), columns by frequency and money, named and counted."""
    chart = figure(palette, 360)
    words = [
        [f"{plain(name).replace(' ', '<br>')}<br>{count:,}" for name, count in zip(row, counts, strict=True)]
        for row, counts in zip(names, customers, strict=True)
    ]
    chart.add_heatmap(
        z=customers,
        x=list(range(5)),
        y=list(range(5)),
        text=words,
        texttemplate="%{text}",
        textfont={"color": palette.text, "size": 11},
        colorscale=[[0, palette.scale[0]], [1, palette.scale[1]]],
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="%{text}<extra></extra>",
    )
    chart.update_xaxes(
        title="how often, for how much",
        tickvals=list(range(5)),
        ticktext=MUCH,
        showgrid=False,
        zeroline=False,
    )
    chart.update_yaxes(
        title="last purchase", tickvals=list(range(5)), ticktext=LATE, showgrid=False, zeroline=False
    )
    return chart

"""How alike the lists of the recommenders are: the share of items that two of them have in common."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import shorts


def overlap(names: tuple[str, ...], shares: NDArray[np.floating], palette: Palette) -> go.Figure:
    """Draw each pair once, as a triangle of shares from 0 to 1; `shares` is symmetric, names x names."""
    chart = figure(palette, 44 * len(names) + 100)
    labels = shorts(names)
    values = np.where(np.tri(len(names), k=-1, dtype=bool), shares, np.nan)[1:, :-1]
    chart.add_heatmap(
        z=values,
        zmin=0,
        zmax=1,
        colorscale=[[0, palette.scale[0]], [1, palette.scale[1]]],
        showscale=False,
        xgap=2,
        ygap=2,
        texttemplate="%{z:.0%}",
        textfont={"color": palette.text},
        customdata=[[f"{one} and {other}" for other in labels[:-1]] for one in labels[1:]],
        hovertemplate="%{customdata} share %{z:.0%} of their lists<extra></extra>",
        hoverongaps=False,
    )
    places = list(range(len(names) - 1))
    chart.update_yaxes(
        autorange="reversed", showgrid=False, zeroline=False, tickvals=places, ticktext=labels[1:]
    )
    chart.update_xaxes(showgrid=False, zeroline=False, tickangle=-40, tickvals=places, ticktext=labels[:-1])
    return chart

"""A map of customers: a point each, a colour a group, the groups told apart by their marks too."""

import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain, shorts

_MARKS = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star", "hexagon", "pentagon", "bowtie")


def groups(
    points: pd.DataFrame, names: list[str], *, x_axis: str, y_axis: str, palette: Palette
) -> go.Figure:
    """Draw `points` (x, y, group: a place in `names`) on the two directions in which they differ most."""
    chart = figure(palette, 420)
    for place, (name, label) in enumerate(zip(names, shorts(names), strict=True)):
        some = points[points["group"] == place]
        chart.add_scattergl(
            x=some["x"],
            y=some["y"],
            mode="markers",
            name=label,
            marker={
                "color": palette.series[place % len(palette.series)],
                "symbol": _MARKS[place % len(_MARKS)],
                "size": 6,
                "opacity": 0.7,
            },
            hovertemplate=f"{plain(name)}<extra></extra>",
        )
    chart.update_xaxes(title=plain(x_axis), showticklabels=False)
    chart.update_yaxes(title=plain(y_axis), showticklabels=False)
    return chart.update_layout(showlegend=True)

"""A line a name over the same few steps, with the band of how sure it is around the first."""

import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain, shorts


def lines(rows: pd.DataFrame, *, x_axis: str, y_axis: str, palette: Palette) -> go.Figure:
    """Draw the names in their order, the steps as they come; `rows` has `name`, `step`, `value`, `low` and `high`."""
    chart = figure(palette, 360)
    names = list(dict.fromkeys(rows["name"]))
    band = rows[rows["name"] == names[0]].dropna(subset=["low", "high"]) if names else rows
    chart.add_scatter(
        x=[*band["step"], *band["step"][::-1]],
        y=[*band["high"], *band["low"][::-1]],
        mode="lines",
        fill="toself",
        line={"width": 0},
        fillcolor=palette.grid,
        opacity=0.6,
        hoverinfo="skip",
        showlegend=False,
    )
    dashes = ("solid", "dash", "dot")
    for place, (name, label) in enumerate(zip(names, shorts(names), strict=True)):
        part = rows[rows["name"] == name]
        colour = palette.series[place % len(palette.series)]
        chart.add_scatter(
            x=part["step"],
            y=part["value"],
            mode="lines+markers",
            name=label,
            line={
                "color": colour,
                "width": 3 if not place else 2,
                "dash": dashes[place // len(palette.series) % 3],
            },
            hovertemplate=f"{plain(name)}, %{{x}}: %{{y:.4f}}<extra></extra>",
        )
    chart.update_xaxes(title=plain(x_axis), type="category", showgrid=False)
    chart.update_yaxes(title=plain(y_axis), rangemode="tozero")
    return chart.update_layout(showlegend=True)

"""Interactions over time, coloured by the part of the split they fall into."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure

BINS = 60


def timeline(times: dict[str, np.ndarray], palette: Palette) -> go.Figure:
    """Draw how many rows of each part (its name -> datetime64 array) fall into each of 60 equal spans."""
    chart = figure(palette, 220)
    everything = np.concatenate([part.astype("datetime64[s]").astype(np.int64) for part in times.values()])
    edges = np.linspace(everything.min(), max(everything.max(), everything.min() + 1), BINS + 1)
    middles = pd.to_datetime(((edges[:-1] + edges[1:]) / 2).astype("int64"), unit="s")
    colours = (palette.muted, palette.series[1], palette.accent)
    for (name, part), colour in zip(times.items(), colours, strict=True):
        counts, _ = np.histogram(part.astype("datetime64[s]").astype(np.int64), edges)
        chart.add_bar(
            x=middles,
            y=counts,
            name=name,
            marker={"color": colour},
            hovertemplate="%{x|%d %b %Y}: %{y:,}<extra></extra>",
        )
    chart.update_layout(barmode="stack", bargap=0.05, showlegend=True)
    chart.update_yaxes(title="rows")
    return chart

"""Interactions over time, coloured by the part of the split they fall into."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure

STEPS = {"day": 1, "week": 7, "month": 30.4375, "quarter": 91.3125, "year": 365.25}
MOST = 80
DAY = 86_400


def timeline(times: dict[str, np.ndarray], palette: Palette) -> go.Figure:
    """Draw how many rows of each part (its name -> datetime64 array) fall into each day, week, month or longer."""
    chart = figure(palette, 220)
    everything = np.concatenate([part.astype("datetime64[s]").astype(np.int64) for part in times.values()])
    first, last = float(everything.min()), float(everything.max())
    unit = next((name for name, days in STEPS.items() if (last - first) / DAY / days <= MOST), "year")
    step = STEPS[unit] * DAY
    edges = first + step * np.arange(int((last - first) // step) + 2)
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
    chart.update_layout(barmode="stack", bargap=0.05, showlegend=True, legend={"traceorder": "normal"})
    chart.update_yaxes(title=f"interactions per {unit}")
    return chart

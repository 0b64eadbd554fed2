"""A rate by step within the limits that chance allows it."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from reco_lab.charts.theme import Palette, figure

Floats = NDArray[np.float64]


def control(
    times: Sequence[datetime],
    rate: Floats,
    low: Floats,
    high: Floats,
    *,
    centre: float,
    begin: int,
    palette: Palette,
) -> go.Figure:
    """Draw a rate with its limits and what is usual; what lies outside of them stands out, from step `begin` on.

    The steps before `begin` are those that the limits were learnt from; they are drawn quieter.
    """
    chart = figure(palette, 300)
    there = np.flatnonzero(np.isfinite(low)).tolist()
    at = [times[step] for step in there]
    chart.add_scatter(
        x=[*at, *at[::-1]],
        y=[*high[there], *low[there][::-1]],
        mode="lines",
        fill="toself",
        fillcolor=palette.grid,
        opacity=0.6,
        line={"width": 0, "shape": "hvh"},
        name="within chance",
        hoverinfo="skip",
    )
    chart.add_scatter(
        x=[times[0], times[-1]],
        y=[centre, centre],
        mode="lines",
        name="usual",
        line={"color": palette.muted, "width": 1, "dash": "dash"},
        hoverinfo="skip",
    )
    template = "%{x|%d %b, %H:%M}: %{y:.2%}<extra></extra>"
    for name, part, colour, width in (
        ("before", slice(0, begin + 1), palette.muted, 1.5),
        ("now", slice(begin, len(times)), palette.accent, 2.5),
    ):
        chart.add_scatter(
            x=list(times[part]),
            y=rate[part],
            mode="lines",
            name=name,
            line={"color": colour, "width": width},
            hovertemplate=template,
        )
    out = np.flatnonzero(np.isfinite(rate) & ((rate < low) | (rate > high)) & (np.arange(len(rate)) >= begin))
    if len(out):
        chart.add_scatter(
            x=[times[step] for step in out.tolist()],
            y=rate[out],
            mode="markers",
            name="outside",
            marker={"color": palette.series[2], "size": 10, "symbol": "diamond"},
            hovertemplate=template,
        )
    top = max(1.1 * float(np.nanmax(rate, initial=0.0)), min(float(np.nanmax(high, initial=0.0)), 3 * centre))
    chart.update_yaxes(tickformat=".1%", range=[0, top or 1])
    return chart.update_layout(showlegend=True)

"""A rate by step within the limits that chance allows it."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from reco_lab.charts.theme import Palette, figure

Floats = NDArray[np.float64]
HOVER = "%{x|%d %b, %H:%M}: %{y:.2%}<extra></extra>"


def control(
    times: Sequence[datetime],
    rate: Floats,
    low: Floats,
    high: Floats,
    *,
    centre: float,
    begin: int,
    since: datetime | None,
    palette: Palette,
) -> go.Figure:
    """Draw a rate with its limits and what is usual; what lies outside of them stands out, from step `begin` on.

    The steps before `begin` are those that the limits were learnt from; they are drawn quieter. `since` is the moment
    from which on it moved otherwise than by chance, None where it did not.
    """
    chart = figure(palette, 300)
    _band(chart, times, low, high, palette)
    quiet = {"color": palette.muted, "width": 1.5}
    ends = [times[0], times[-1]]
    chart.add_scatter(
        x=ends, y=[centre] * 2, mode="lines", name="usual", line=quiet | {"dash": "dash"}, hoverinfo="skip"
    )
    before, now = slice(0, begin + 1), slice(begin, len(times))
    drawn = {"mode": "lines", "hovertemplate": HOVER}
    chart.add_scatter(x=list(times[before]), y=rate[before], name="before", line=quiet, **drawn)
    chart.add_scatter(
        x=list(times[now]), y=rate[now], name="now", line={"color": palette.accent, "width": 2.5}, **drawn
    )
    if since is not None:
        moved = [step for step, at in enumerate(times) if at >= since]
        loud = {"color": palette.series[2], "width": 3}
        at = [times[step] for step in moved]
        chart.add_scatter(x=at, y=rate[moved], name="since it moved", line=loud, **drawn)
    outside = np.isfinite(rate) & ((rate < low) | (rate > high)) & (np.arange(len(rate)) >= begin)
    if outside.any():
        out = np.flatnonzero(outside).tolist()
        marker = {"color": palette.series[2], "size": 10, "symbol": "diamond"}
        at = [times[step] for step in out]
        chart.add_scatter(
            x=at, y=rate[out], mode="markers", name="outside", marker=marker, hovertemplate=HOVER
        )
    top = max(1.1 * float(np.nanmax(rate, initial=0.0)), min(float(np.nanmax(high, initial=0.0)), 3 * centre))
    chart.update_yaxes(tickformat=".1%", range=[0, top or 1])
    return chart.update_layout(showlegend=True)


def _band(chart: go.Figure, times: Sequence[datetime], low: Floats, high: Floats, palette: Palette) -> None:
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
        name="limits of a single point",
        hoverinfo="skip",
    )

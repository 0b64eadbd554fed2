"""Interactions over time: what there was, what was to be expected, and what stands out. A span can be marked."""

import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure


def activity(series: pd.DataFrame, palette: Palette) -> go.Figure:
    """Draw a line; `series` has `start`, `rows`, `expected` (NaN where it cannot be said) and `unusual`."""
    chart = figure(palette, 300)
    chart.add_scatter(
        x=series["start"],
        y=series["rows"],
        mode="lines+markers",
        line={"color": palette.accent, "width": 2},
        marker={"size": 1 if len(series) > 60 else 5},
        fill="tozeroy",
        fillcolor=_faint(palette.accent),
        hovertemplate="%{x|%d %b %Y}: %{y:,}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    odd = series[series["unusual"]]
    chart.add_scatter(
        x=odd["start"],
        y=odd["rows"],
        mode="markers",
        name="unusual",
        marker={
            "color": palette.series[2],
            "symbol": "diamond",
            "size": 11,
            "line": {"color": palette.page, "width": 1},
        },
        customdata=odd["expected"],
        hovertemplate="%{x|%d %b %Y}: %{y:,}, expected %{customdata:,.0f}<extra>unusual</extra>",
    )
    chart.update_yaxes(rangemode="tozero")
    return chart.update_layout(dragmode="select", selectdirection="h", hovermode="closest")


def newcomers(periods: pd.DataFrame, palette: Palette) -> go.Figure:
    """Draw new customers on top of returning ones; `periods` has `start`, `new` and `returning`."""
    chart = figure(palette, 260)
    for name, colour in (("returning", palette.scale[1]), ("new", palette.accent)):
        chart.add_bar(
            x=periods["start"],
            y=periods[name],
            name=name,
            marker={"color": colour},
            hovertemplate=f"%{{x|%d %b %Y}}: %{{y:,}} {name}<extra></extra>",
        )
    return chart.update_layout(barmode="stack", bargap=0.15, showlegend=True)


def retention(pooled: pd.DataFrame, *, unit: str, palette: Palette) -> go.Figure:
    """Draw the share still active by age with its band; `pooled` has `age`, `share`, `low`, `high`, `customers`."""
    chart = figure(palette, 260)
    for edge, fill in (("high", None), ("low", "tonexty")):
        chart.add_scatter(
            x=pooled["age"],
            y=pooled[edge],
            mode="lines",
            line={"width": 0},
            fill=fill,
            fillcolor=_faint(palette.accent),
            hoverinfo="skip",
        )
    chart.add_scatter(
        x=pooled["age"],
        y=pooled["share"],
        mode="lines+markers",
        line={"color": palette.accent, "width": 2},
        customdata=pooled[["low", "high", "customers"]],
        hovertemplate="%{y:.1%} (%{customdata[0]:.1%} to %{customdata[1]:.1%}) of %{customdata[2]:,} customers<extra></extra>",
    )
    chart.update_xaxes(title=f"{unit}s after the first", dtick=1 if len(pooled) < 16 else None)
    chart.update_yaxes(tickformat=".0%", rangemode="tozero")
    return chart


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"

"""How few items take how much: the curve of shares, against the line where all are alike."""

import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure


def curve(shares: pd.DataFrame, *, marked: float, palette: Palette) -> go.Figure:
    """Draw shares of rows over shares of items, most popular first; `marked` is a share of items to point at."""
    chart = figure(palette, 320)
    chart.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": palette.muted, "dash": "dot"}, hoverinfo="skip"
    )
    chart.add_scatter(
        x=shares["items"],
        y=shares["rows"],
        mode="lines",
        line={"color": palette.accent, "width": 3},
        hovertemplate="The most popular %{x:.0%} of the items take %{y:.0%}<extra></extra>",
    )
    at = shares.iloc[(shares["items"] - marked).abs().argmin()]
    chart.add_scatter(
        x=[at["items"]],
        y=[at["rows"]],
        mode="markers+text",
        marker={"color": palette.accent, "size": 11},
        text=[f"{at['items']:.0%} of the items, {at['rows']:.0%}"],
        textposition="bottom right",
        hoverinfo="skip",
    )
    chart.update_xaxes(title="share of the items, most popular first", tickformat=".0%", range=[0, 1.01])
    chart.update_yaxes(title="share of interactions", tickformat=".0%", range=[0, 1.04])
    return chart

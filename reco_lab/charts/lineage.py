"""What served when: a row for each model, a bar for each time it served, coloured by how it came to serve."""

import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain

ROW, FRAME = 38, 90
WAYS = {
    "published": "published",
    "promoted": "promoted by the gate",
    "rolled back": "gone back to",
}


def lineage(spans: pd.DataFrame, palette: Palette) -> go.Figure:
    """Draw spans (`label`, `begin`, `until`, `how`, `why`; oldest first) with a line where one took another's place."""
    rows = list(dict.fromkeys(spans["label"]))
    chart = figure(palette, FRAME + ROW * len(rows))
    colours = dict(zip(WAYS, (palette.series[1], palette.accent, palette.series[2]), strict=True))
    for how, part in spans.groupby("how", sort=False):
        chart.add_bar(
            x=(part["until"] - part["begin"]).dt.total_seconds() * 1000,
            base=part["begin"],
            y=[plain(label) for label in part["label"]],
            orientation="h",
            name=WAYS.get(str(how), str(how)),
            marker={"color": colours.get(str(how), palette.muted)},
            width=0.5,
            customdata=[plain(why) for why in part["why"]],
            hovertemplate="%{base|%d %b %Y, %H:%M}<br>%{customdata}<extra></extra>",
        )
    changes = zip(spans["label"].iloc[:-1], spans["label"].iloc[1:], spans["begin"].iloc[1:], strict=True)
    for before, after, at in changes:
        chart.add_scatter(
            x=[at, at],
            y=[plain(before), plain(after)],
            mode="lines",
            line={"color": palette.muted, "width": 1, "dash": "dot"},
            showlegend=False,
            hoverinfo="skip",
        )
    chart.update_layout(barmode="overlay", showlegend=True)
    chart.update_xaxes(type="date")
    chart.update_yaxes(categoryorder="array", categoryarray=[plain(label) for label in rows])
    return chart

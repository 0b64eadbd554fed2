"""How far arms are ahead of the control as a test goes on, with the band that holds however often one looks."""

import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain, short

ROOM = 2.0


def ahead(rows: pd.DataFrame, *, smallest: float, over: str, palette: Palette) -> go.Figure:
    """Draw a line and its band an arm, in the order they come, and the `smallest` lift worth having.

    `rows` has `arm`, `at` (moments), `relative`, `low` and `high` (shares). The first bands, which know
    nothing yet, are cut off.
    """
    chart = figure(palette, 360)
    arms = list(dict.fromkeys(rows["arm"]))
    for place, arm in enumerate(arms):
        part, colour = rows[rows["arm"] == arm], palette.series[place % len(palette.series)]
        chart.add_scatter(
            x=[*part["at"], *part["at"][::-1]],
            y=[*part["high"], *part["low"][::-1]],
            mode="lines",
            fill="toself",
            line={"width": 0},
            fillcolor=colour,
            opacity=0.18,
            hoverinfo="skip",
            showlegend=False,
        )
        chart.add_scatter(
            x=part["at"],
            y=part["relative"],
            customdata=part[["low", "high"]],
            mode="lines+markers",
            name=short(arm),
            line={"color": colour, "width": 3},
            hovertemplate=f"{plain(arm)}, %{{x}}: %{{y:+.1%}} (%{{customdata[0]:+.1%}} to %{{customdata[1]:+.1%}})<extra></extra>",
        )
    last = rows.groupby("arm")[["low", "high"]].last()
    ends = [max(-1.0, ROOM * min(last["low"].min(), -smallest)), ROOM * max(last["high"].max(), smallest)]
    chart.add_hline(y=0, line={"color": palette.text, "width": 1})
    chart.add_hline(
        y=smallest,
        line={"color": palette.muted, "width": 1, "dash": "dot"},
        annotation={"text": "worth having", "font": {"color": palette.muted}, "x": 0, "xanchor": "left"},
    )
    chart.update_xaxes(title="moment (UTC)", showgrid=False)
    chart.update_yaxes(title=f"ahead of {plain(over)}", tickformat="+.0%", range=ends)
    return chart.update_layout(showlegend=len(arms) > 1)

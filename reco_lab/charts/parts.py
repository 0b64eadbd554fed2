"""How a split cuts the rows: one bar, three parts, each with its count."""

import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure
from reco_lab.core.words import count

NARROWEST = 0.09


def parts(counts: dict[str, int], palette: Palette) -> go.Figure:
    """Draw the parts of a split as one bar in their order; `counts` maps a part's name to its rows."""
    chart = figure(palette, 110)
    total = max(1, sum(counts.values()))
    colours = (palette.muted, palette.series[1], palette.accent)
    for (name, rows), colour in zip(counts.items(), colours, strict=True):
        share = rows / total
        chart.add_bar(
            x=[rows],
            y=[""],
            orientation="h",
            name=f"{name} {share:.0%}",
            marker={"color": colour, "line": {"color": palette.page, "width": 2}},
            text=[f"{rows:,}"] if share >= NARROWEST else None,
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": palette.page},
            hovertemplate=f"{name}: {count(rows, 'row')} ({share:.0%})<extra></extra>",
        )
    chart.update_layout(barmode="stack", showlegend=True, bargap=0.2, legend={"traceorder": "normal"})
    chart.update_xaxes(visible=False)
    chart.update_yaxes(visible=False)
    return chart

"""Charts as one file that opens anywhere: nothing is loaded from outside."""

import plotly.graph_objects as go


def markup(charts: list[go.Figure]) -> str:
    """HTML of the charts one below the other; the drawing library is inlined once, before the first."""
    return "\n".join(
        chart.to_html(full_html=False, include_plotlyjs=place == 0, config={"displaylogo": False})
        for place, chart in enumerate(charts)
    )

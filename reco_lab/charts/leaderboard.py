"""Scores as dots with their intervals, best on top: what may be said to differ is seen to differ."""

import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain, shorts

ROW, FEWEST = 34, 2  # with one row alone the axis would lie on its title


def leaderboard(
    rows: pd.DataFrame, *, axis: str, palette: Palette, percent: bool = False, zero: bool = False
) -> go.Figure:
    """Draw one dot a recommender with its 95 % interval; `percent` where the values are shares.

    With `zero` the values are gains and losses, told apart by a line at nothing.

    `rows` has `name`, `value`, `low`, `high` (NaN where there is no interval) and `role`: champion,
    challenger or reference. Rows keep their order, the first on top.
    """
    rows = rows.reset_index(drop=True)
    chart = figure(palette, ROW * max(len(rows), FEWEST) + 70)
    styles = {
        "champion": {"color": palette.accent, "symbol": "circle", "size": 13},
        "challenger": {"color": palette.text, "symbol": "circle", "size": 10},
        "reference": {"color": palette.muted, "symbol": "diamond-open", "size": 10},
    }
    for role, style in styles.items():
        part = rows[rows["role"] == role]
        chart.add_scatter(
            x=part["value"],
            y=part.index,
            mode="markers",
            marker=style,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": (part["high"] - part["value"]).fillna(0),
                "arrayminus": (part["value"] - part["low"]).fillna(0),
                "color": style["color"],
                "thickness": 2,
                "width": 4,
            },
            customdata=part[["low", "high"]],
            text=[plain(name) for name in part["name"]],
            hovertemplate="%{text}: %{x:.4f} (%{customdata[0]:.4f} to %{customdata[1]:.4f})<extra></extra>",
        )
    if zero:
        chart.add_vline(x=0, line={"color": palette.muted, "width": 1, "dash": "dot"})
    names = shorts(rows["name"])
    chart.update_yaxes(
        tickvals=list(rows.index), ticktext=names, autorange="reversed", showgrid=False, zeroline=False
    )
    chart.update_xaxes(title=plain(axis), rangemode="tozero", tickformat=".0%" if percent else None)
    return chart

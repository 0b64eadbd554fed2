"""Two aims against each other, with the recommenders that nobody beats in both."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain, short

LABELLED = 6


def undominated(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points no other point beats in both (more is better on both axes); ties stay."""
    as_good = (x[None, :] >= x[:, None]) & (y[None, :] >= y[:, None])
    better = (x[None, :] > x[:, None]) | (y[None, :] > y[:, None])
    return np.asarray(~(as_good & better).any(axis=1), np.bool_)


def tradeoff(rows: pd.DataFrame, *, x_axis: str, y_axis: str, palette: Palette) -> go.Figure:
    """Draw one point a recommender; `rows` has `name`, `x`, `y` and `role`.

    The undominated ones are joined and named; references are open diamonds and take no part in that.
    """
    chart = figure(palette, 380)
    aside = (rows["role"] == "reference").to_numpy()
    front = undominated(*(rows.loc[~aside, axis].to_numpy(np.float64) for axis in ("x", "y")))
    best, others = rows[~aside][front].sort_values("x"), rows[~aside][~front]
    chart.add_scatter(
        x=best["x"], y=best["y"], mode="lines", line={"color": palette.muted, "dash": "dot"}, hoverinfo="skip"
    )
    named = "markers+text" if len(best) <= LABELLED else "markers"
    _points(chart, best, named, {"color": palette.accent, "symbol": "circle", "size": 13}, palette)
    _points(chart, others, "markers", {"color": palette.muted, "symbol": "circle", "size": 11}, palette)
    _points(
        chart, rows[aside], named, {"color": palette.muted, "symbol": "diamond-open", "size": 11}, palette
    )
    chart.update_xaxes(title=plain(x_axis), rangemode="tozero")
    chart.update_yaxes(title=plain(y_axis), rangemode="tozero")
    return chart.update_layout(margin={"t": 32})


def _points(
    chart: go.Figure, rows: pd.DataFrame, mode: str, marker: dict[str, object], palette: Palette
) -> None:
    chart.add_scatter(
        x=rows["x"],
        y=rows["y"],
        mode=mode,
        marker=marker,
        text=[short(name) for name in rows["name"]],
        textposition="top center",
        textfont={"color": palette.text, "size": 12},
        cliponaxis=False,
        hovertemplate="%{text}: %{x:.3f}, %{y:.4f}<extra></extra>",
    )

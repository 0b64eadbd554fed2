"""Two aims against each other, with the recommenders that nobody beats in both."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain, short

NEAR = 0.12
SIDES = ("top center", "bottom center")


def sides_of(rows: pd.DataFrame) -> "pd.Series[str]":
    """On which side of its dot each name stands: above, below where another would meet it there, or nowhere ("").

    Those that nobody beats are named first, then the higher ones.
    """
    spots = rows[["x", "y"]].to_numpy(np.float64)
    spots = spots / np.where(np.ptp(spots, axis=0) > 0, np.ptp(spots, axis=0), 1.0)
    sides = np.full(len(rows), "", dtype=object)
    drawn: list[int] = []
    for place in np.lexsort((-spots[:, 1], ~undominated(*spots.T))):
        taken = {sides[other] for other in drawn if np.abs(spots[other] - spots[place]).max() < NEAR}
        sides[place] = next((side for side in SIDES if side not in taken), "")
        drawn.append(int(place))
    return pd.Series(sides, index=rows.index)


def undominated(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points no other point beats in both (more is better on both axes); ties stay."""
    as_good = (x[None, :] >= x[:, None]) & (y[None, :] >= y[:, None])
    better = (x[None, :] > x[:, None]) | (y[None, :] > y[:, None])
    return np.asarray(~(as_good & better).any(axis=1), np.bool_)


def tradeoff(
    rows: pd.DataFrame, *, x_axis: str, y_axis: str, palette: Palette, percent: bool = False
) -> go.Figure:
    """Draw one named point a recommender; `rows` has `name`, `x`, `y` and `role`; `percent`: x is a share.

    The undominated ones are joined; references are open diamonds and take no part in that.
    """
    chart = figure(palette, 380)
    aside = (rows["role"] == "reference").to_numpy()
    front = undominated(*(rows.loc[~aside, axis].to_numpy(np.float64) for axis in ("x", "y")))
    best, others = rows[~aside][front].sort_values("x"), rows[~aside][~front]
    chart.add_scatter(
        x=best["x"], y=best["y"], mode="lines", line={"color": palette.muted, "dash": "dot"}, hoverinfo="skip"
    )
    sides = sides_of(rows)
    for part, colour, symbol, size in (
        (best, palette.accent, "circle", 13),
        (others, palette.text, "circle", 11),
        (rows[aside], palette.muted, "diamond-open", 11),
    ):
        _points(chart, part, sides[part.index], {"color": colour, "symbol": symbol, "size": size}, palette)
    chart.update_xaxes(title=plain(x_axis), rangemode="tozero", tickformat=".0%" if percent else None)
    chart.update_yaxes(title=plain(y_axis), rangemode="tozero")
    return chart.update_layout(margin={"t": 32})


def _points(
    chart: go.Figure, rows: pd.DataFrame, sides: "pd.Series[str]", marker: dict[str, object], palette: Palette
) -> None:
    chart.add_scatter(
        x=rows["x"],
        y=rows["y"],
        mode="markers+text",
        marker=marker,
        text=[short(name) if side else "" for name, side in zip(rows["name"], sides, strict=True)],
        customdata=[plain(name) for name in rows["name"]],
        textposition=sides.where(sides != "", SIDES[0]),
        textfont={"color": palette.text, "size": 12},
        cliponaxis=False,
        hovertemplate="%{customdata}: %{x:.3f}, %{y:.4f}<extra></extra>",
    )

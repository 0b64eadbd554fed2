"""Two aims against each other, with the recommenders that nobody beats in both."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from reco_lab.charts.theme import Palette, figure
from reco_lab.charts.words import plain, shorts

NAME, DOT = (0.12, 0.05), (0.05, 0.02)
SIDES = {"top center": 0.05, "bottom center": -0.05}


def sides_of(rows: pd.DataFrame, better: tuple[float, float] = (1.0, 1.0)) -> "pd.Series[str]":
    """On which side of its dot each name stands: above, below where another would meet it there, or nowhere ("").

    `NAME` and `DOT` are how near it may come to another name and to a dot, as shares of the chart. Those that
    nobody beats are named first, then the higher ones.
    """
    spots = rows[["x", "y"]].to_numpy(np.float64)
    spots = spots / np.where(np.ptp(spots, axis=0) > 0, np.ptp(spots, axis=0), 1.0)
    sides = np.full(len(rows), "", dtype=object)
    named: list[NDArray[np.float64]] = []
    for place in np.lexsort((-spots[:, 1], ~undominated(*(spots * better).T))):
        others = np.delete(spots, place, axis=0)
        for side, above in SIDES.items():
            spot = spots[place] + (0.0, above)
            if not _meets(spot, others, DOT) and not _meets(spot, np.array(named).reshape(-1, 2), NAME):
                sides[place] = side
                named.append(spot)
                break
    return pd.Series(sides, index=rows.index)


def _meets(spot: NDArray[np.float64], others: NDArray[np.float64], near: tuple[float, float]) -> bool:
    return bool((np.abs(others - spot) < near).all(axis=1).any())


def undominated(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points no other point beats in both (more is better on both axes); ties stay."""
    as_good = (x[None, :] >= x[:, None]) & (y[None, :] >= y[:, None])
    better = (x[None, :] > x[:, None]) | (y[None, :] > y[:, None])
    return np.asarray(~(as_good & better).any(axis=1), np.bool_)


def tradeoff(
    rows: pd.DataFrame,
    *,
    x_axis: str,
    y_axis: str,
    palette: Palette,
    percent: bool = False,
    better: tuple[float, float] = (1.0, 1.0),
) -> go.Figure:
    """Draw one named point a recommender; `rows` has `name`, `x`, `y` and `role`; `percent`: x is a share.

    `better` is 1 for an axis of which more is better, -1 where less is. The undominated ones are joined;
    references are open diamonds and take no part in that.
    """
    rows = rows.assign(label=shorts(rows["name"]))
    chart = figure(palette, 380)
    aside = (rows["role"] == "reference").to_numpy()
    front = undominated(*(rows.loc[~aside, ["x", "y"]].to_numpy(np.float64) * better).T)
    best, others = rows[~aside][front].sort_values("x"), rows[~aside][~front]
    chart.add_scatter(
        x=best["x"], y=best["y"], mode="lines", line={"color": palette.muted, "dash": "dot"}, hoverinfo="skip"
    )
    sides = sides_of(rows, better)
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
        text=rows["label"].where(sides != "", ""),
        customdata=[plain(name) for name in rows["name"]],
        textposition=sides.where(sides != "", next(iter(SIDES))),
        textfont={"color": palette.text, "size": 12},
        cliponaxis=False,
        hovertemplate="%{customdata}: %{x:.3f}, %{y:.4f}<extra></extra>",
    )

"""The items most customers touched, and which of them rise or fall."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from reco_lab.analysis.view import View, audience

SHOWN = 15
MOST_MOVERS = 8
WINDOW = 28
SHORTEST = 7
FEWEST = 10
LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class TopItems:
    """`top` and `movers` have item (code), title, customers, share (of active customers), before, now, change, sure.

    `before` and `now` are the customers of the item in the two last spans of `window` days, `change` by how
    much its share of them grew (0.5: half as much again). It is `sure` where chance alone would not do that,
    with all `tested` items looked at: `rose` and `fell` count them, `movers` are those of largest change.
    Without times, or where the log is shorter than two weeks, window is 0 and change is NaN.
    """

    top: pd.DataFrame
    movers: pd.DataFrame
    window: int
    tested: int
    rose: int
    fell: int


def top_items(view: View) -> TopItems:
    """Rank items by customers, and hold the last weeks against the weeks before."""
    customers = view.audience
    table = pd.DataFrame({"item": np.arange(len(customers)), "customers": customers})
    table["share"] = table["customers"] / len(view.per_customer)
    window = _window(view)
    table["before"], table["now"] = _two_spans(view, window) if window else (0, 0)
    table["change"], table["sure"], tested = _movement(
        *(table[name].to_numpy() for name in ("before", "now"))
    )
    table["title"] = view.data.titles.to_numpy()
    best = table[table["customers"] > 0].nlargest(SHOWN, "customers")
    sure = table[table["sure"]]
    order = np.abs(np.log1p(sure["change"].clip(lower=-0.999))).sort_values(ascending=False).index
    return TopItems(
        top=best.reset_index(drop=True),
        movers=sure.loc[order].head(MOST_MOVERS).reset_index(drop=True),
        window=window,
        tested=tested,
        rose=int((sure["change"] > 0).sum()),
        fell=int((sure["change"] < 0).sum()),
    )


def _window(view: View) -> int:
    if view.span is None:
        return 0
    window = min(WINDOW, (view.span[1] - view.span[0] + 1) // 2)
    return window if window >= SHORTEST else 0


def _two_spans(view: View, window: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    days = view.dated
    last = int(days.max())
    age = (last - days) // window
    before, now = (audience(view.log.take(np.flatnonzero(age == back))) for back in (1, 0))
    return before, now


def _movement(
    before: NDArray[np.int64], now: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """By how much each item's share changed, and where that is more than chance.

    Given an item's customers in both spans together, those of the later one are binomial with the later
    span's share of all; the two-sided test is corrected for the number of items tested (Bonferroni).
    """
    total, odds = before + now, now.sum() / max(1, (before + now).sum())
    change, sure = np.full(len(total), np.nan), np.zeros(len(total), np.bool_)
    tested = np.flatnonzero(total >= FEWEST)
    if not len(tested) or not 0 < odds < 1:
        return change, sure, 0
    expected = odds / (1 - odds)
    change[tested] = (now[tested] + 0.5) / (before[tested] + 0.5) / expected - 1
    below = stats.binom.cdf(now[tested], total[tested], odds)
    above = stats.binom.sf(now[tested] - 1, total[tested], odds)
    sure[tested] = 2 * np.minimum(below, above) < LEVEL / len(tested)
    return change, sure, len(tested)

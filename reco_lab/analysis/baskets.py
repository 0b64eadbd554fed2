"""What is taken together: baskets, and pairs of items that share more of them than chance gives.

The lift of the textbooks takes all baskets for equally full. But full baskets hold any two items together more often,
which says nothing of the two; so chance here also knows how full each basket is. Source: F. Saracco et al., Randomizing
bipartite networks: the case of the World Trade Web, Scientific Reports 2015 (the distribution of largest entropy with
these two margins). Where all baskets are equally full the two are the same.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, stats

from reco_lab.analysis.tables import Tables
from reco_lab.analysis.view import View, day_of, sample
from reco_lab.analysis.visits import bought_of
from reco_lab.core.interactions import Interactions

MOST_ROWS = 1_000_000
LARGEST = 50
MOST_ITEMS = 1000
FEWEST = 10
LOOKED_AT = 300
SHOWN = 12
LEVEL = 0.05
ROUNDS = 100
CLOSE = 1e-9
HIGHEST = 1e9  # the odds of an item that is in every basket

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Baskets:
    """A basket is what one customer took on one day (UTC): purchases less returns where there are any (`purchases`).

    `sizes` has label and baskets. Baskets of more than 50 items (`oversized`) are not a choice of things that
    go together and are left out of the pairs. `pairs` has first, second (codes), first_title, second_title,
    baskets, customers, lift, times, low: `times` is how many times as many baskets they share as chance would have
    them share in baskets this full, `low` its lower limit after all `tested` pairs were looked at, `lift` the
    textbooks'. Only pairs in 10 baskets and of 10 customers at least whose `low` is above 1, the surest on top.
    `share` is the share of customers looked at.
    """

    sizes: pd.DataFrame
    baskets: int
    single: int
    mean: float
    oversized: int
    pairs: pd.DataFrame
    tested: int
    purchases: bool
    share: float


def baskets(view: View) -> Baskets | None:
    """Gather baskets and test pairs; None without times."""
    if view.log.times is None:
        return None
    rows, purchases = bought_of(view.log)
    rows, share = sample(rows, MOST_ROWS)
    lines = _lines(rows)
    count = np.bincount(lines["basket"])
    edges = [1, 2, 3, 4, 6, 11, 21, 51]
    labels = ["1", "2", "3", "4–5", "6–10", "11–20", "21–50", "over 50"]
    binned = np.bincount(np.searchsorted(edges, count, side="right") - 1, minlength=len(labels))
    kept = count[lines["basket"]] <= LARGEST
    pairs, tested = _pairs(lines[kept], view.log.n_items)
    titles = view.data.titles.to_numpy()
    for place in ("first", "second"):
        pairs[f"{place}_title"] = titles[pairs[place]]
    return Baskets(
        sizes=pd.DataFrame({"label": labels, "baskets": binned}),
        baskets=len(count),
        single=int((count == 1).sum()),
        mean=float(count.mean()),
        oversized=int((count > LARGEST).sum()),
        pairs=pairs,
        tested=tested,
        purchases=purchases,
        share=share,
    )


def _lines(rows: Interactions) -> pd.DataFrame:
    """The different items of each basket: basket (numbered), user, item."""
    times = np.zeros(len(rows), "datetime64[us]") if rows.times is None else rows.times
    table = Tables.of({"rows": {"user": rows.users, "item": rows.items, "day": day_of(times)}})
    return table.ask(
        "select distinct (dense_rank() over (order by user, day) - 1)::integer as basket, user, item "
        "from rows order by basket, item"
    )


def _pairs(lines: pd.DataFrame, items: int) -> tuple[pd.DataFrame, int]:
    """The pairs that go together, and how many could have been found."""
    often = np.bincount(lines["item"], minlength=items)
    sizes = np.bincount(lines["basket"])
    chosen = np.flatnonzero(often >= FEWEST)
    chosen = chosen[np.argsort(-often[chosen], kind="stable")][:MOST_ITEMS]
    place = np.full(items, -1)
    place[chosen] = np.arange(len(chosen))
    lines = lines[place[lines["item"]] >= 0]
    marks = np.ones(len(lines), np.int32)
    where = (lines["basket"].to_numpy(), place[lines["item"]])
    held = sparse.csc_array(
        (marks, where), shape=(int(lines["basket"].max() + 1) if len(lines) else 1, len(chosen))
    )
    together = np.triu((held.T @ held).toarray(), 1)
    first, second = np.nonzero(together >= FEWEST)
    found = pd.DataFrame({"first": first, "second": second, "baskets": together[first, second]})
    found["lift"] = (
        found["baskets"] * int(np.count_nonzero(sizes)) / often[chosen[first]] / often[chosen[second]]
    )
    found["times"] = found["baskets"] / _by_chance(often, sizes, chosen)[first, second]
    tested = len(chosen) * (len(chosen) - 1) // 2
    found["low"] = _low(found["baskets"].to_numpy(), max(1, tested)) / found["baskets"] * found["times"]
    found = found[found["low"] > 1].nlargest(LOOKED_AT, "low")
    owners = np.zeros(held.shape[0], np.int64)
    owners[lines["basket"]] = lines["user"]
    found["customers"], worth = _owners(held, owners, found)
    found["low"] = _low(worth, max(1, tested)) / worth * found["times"]
    found = found[(found["customers"] >= FEWEST) & (found["low"] > 1)]
    found = found.nlargest(SHOWN, "low").reset_index(drop=True)
    return found.assign(first=chosen[found["first"]], second=chosen[found["second"]]), tested


def _by_chance(often: NDArray[np.int64], sizes: NDArray[np.int64], chosen: NDArray[np.int64]) -> Floats:
    """How many baskets two of the `chosen` items share by chance: chosen x chosen.

    An item in a basket has the odds x y, x its own and y the basket's, so that each item is in as many baskets and
    each basket holds as many items as they do, in the mean. Equals are reckoned once.
    """
    if not len(chosen):
        return np.zeros((0, 0))
    counts, kinds, many = np.unique(often, return_inverse=True, return_counts=True)
    full, baskets = np.unique(sizes[sizes > 0], return_counts=True)
    x, y = counts / max(np.sqrt(often.sum()), 1.0), full / max(np.sqrt(often.sum()), 1.0)
    for _ in range(ROUNDS):
        was = x
        x = np.minimum(counts / ((y / (1 + np.outer(x, y))) @ baskets), HIGHEST)
        y = np.minimum(full / (many @ (x[:, None] / (1 + np.outer(x, y)))), HIGHEST)
        if (np.abs(x - was) <= CLOSE * x).all():
            break
    odds = np.outer(x, y)
    held = (odds / (1 + odds))[kinds[chosen]]
    shared: Floats = (held * baskets) @ held.T
    return shared


def _low(counts: NDArray[Any], tested: int) -> Floats:
    """The lower limit of the mean of a Poisson count, exact, at 5 % shared among all that are tested.

    It is taken over customers at last: the baskets of one customer are not independent of each other.
    """
    return np.asarray(stats.chi2.ppf(LEVEL / tested, 2 * counts) / 2, np.float64)


def _owners(
    held: sparse.csc_array, owners: NDArray[np.int64], pairs: pd.DataFrame
) -> tuple[NDArray[np.int64], Floats]:
    """How many different customers had each pair in one basket, and how many equal ones they are worth.

    Of ten customers of whom one has nearly all these baskets there is little more to learn than of one (L. Kish,
    Survey Sampling, 1965).
    """
    columns = {
        place: held.indices[held.indptr[place] : held.indptr[place + 1]]
        for place in set(pairs["first"]) | set(pairs["second"])
    }
    shared = (
        np.intersect1d(columns[one], columns[other], assume_unique=True)
        for one, other in zip(pairs["first"], pairs["second"], strict=True)
    )
    own = [np.unique(owners[places], return_counts=True)[1] for places in shared]
    worth = [float(some.sum() ** 2 / (some**2).sum()) for some in own]
    return np.array([len(some) for some in own], np.int64), np.array(worth, np.float64)

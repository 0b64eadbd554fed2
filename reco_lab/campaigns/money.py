"""What lists may bring: how often what stands where a model ranks it is bought anyway, times what it is worth.

The purchases were made by customers who were not shown these lists, so no place on a screen has helped an item: the
chance is that of an item at this place of the model's own ranking, and falls from place to place (the nearest falling
steps, R. Barlow et al., Statistical inference under order restrictions, 1972). It is what customers buy by
themselves, not what a campaign adds: that is told by its control group alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from reco_lab.core.catalogue import prices
from reco_lab.core.dataset import Dataset
from reco_lab.core.ranking import NO_ITEM
from reco_lab.core.words import count, share

Floats = NDArray[np.float64]
THOUSAND = 1000.0


@dataclass(frozen=True, eq=False)
class Worth:
    """What showing an item to a customer may bring. `ranking` are the model's own lists, without any rule.

    `chances` is the chance by place in them, the last one for what stands below. `values` is what a sale of each item
    is worth, by code; None where nobody knows.
    """

    ranking: NDArray[np.int32]
    chances: Floats
    values: Floats | None
    sentence: str
    assumed: bool

    def per_thousand(self, items: NDArray[np.int32]) -> float | None:
        """What lists (customers x k) bring for a thousand customers; None where nobody knows what an item is worth."""
        if self.values is None or not len(items):
            return None
        shown = items != NO_ITEM
        money = self.chances[_places(self.ranking, items)] * self.values[np.maximum(items, 0)]
        return float(THOUSAND * np.where(shown, money, 0.0).sum() / len(items))


def worth(
    ranking: NDArray[np.int32],
    relevant: sparse.csr_matrix,
    data: Dataset,
    *,
    rate: float | None,
    value: float | None,
    days: float | None,
) -> Worth:
    """Learn the chances from what customers (rows) went for after the cut, unless a `rate` is assumed.

    An item without a price is worth `value`, or nothing where others have a price. `days` is how long the test part is.
    """
    known = prices(data)
    values, money = _values(known, value, data.interactions.n_items)
    if rate is not None:
        sentence = f"Assumed: {100 * rate:g} of 100 items shown are bought{money}."
        return Worth(ranking, np.full(ranking.shape[1] + 1, rate), values, sentence, assumed=True)
    span = "after the cut" if days is None else f"in the {count(days, 'day')} after the cut"
    sentence = (
        f"Estimated from what {count(len(ranking), 'customer')} bought by themselves {span}, by place in the model's "
        f"ranking{money}. It is not what the campaign adds."
    )
    return Worth(ranking, chances(ranking, relevant), values, sentence, assumed=known is None)


def chances(ranking: NDArray[np.int32], relevant: sparse.csr_matrix) -> Floats:
    """How often an item at each place was gone for, falling from place to place; the last entry is for all below."""
    keys = np.arange(len(ranking), dtype=np.int64)[:, None] * relevant.shape[1] + ranking
    owners = np.repeat(np.arange(len(ranking), dtype=np.int64), np.diff(relevant.indptr))
    hits = np.isin(keys, owners * relevant.shape[1] + relevant.indices) & (ranking != NO_ITEM)
    shown = (ranking != NO_ITEM).sum(axis=0)
    if not ranking.size:
        return np.zeros(ranking.shape[1] + 1)
    rates = hits.sum(axis=0) / np.maximum(shown, 1)
    weights = np.maximum(shown, 1e-9)
    falling = optimize.isotonic_regression(rates, weights=weights, increasing=False).x
    return np.append(falling, falling[-1])


def _values(known: Floats | None, value: float | None, n_items: int) -> tuple[Floats | None, str]:
    if known is None:
        if value is None:
            return None, ", but no item has a price: say what a sale is worth"
        return np.full(n_items, value), f", each worth {value:,.2f} (assumed)"
    missing = np.isnan(known)
    if value is None:
        without = f"; {share(float(missing.mean()))} of the items have no price and count as 0"
        return np.nan_to_num(known), without if missing.any() else ""
    words = f"; an item without a price is assumed to be worth {value:,.2f}" if missing.any() else ""
    return np.where(missing, value, known), words


def _places(ranking: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.intp]:
    """Where each item stands in its customer's own ranking; one more than the last place where it does not."""
    width = int(max(ranking.max(initial=0), items.max(initial=0))) + 2
    rows = np.arange(len(items), dtype=np.int64)[:, None] * width
    keys = (rows + ranking + 1).ravel()
    order = np.argsort(keys, kind="stable")
    wanted = rows + items + 1
    found = np.minimum(np.searchsorted(keys, wanted, sorter=order), max(len(keys) - 1, 0))
    there = keys[order[found]] == wanted if len(keys) else np.zeros(items.shape, np.bool_)
    found = np.where(there, order[found] % max(ranking.shape[1], 1), ranking.shape[1])
    return np.asarray(found, np.intp)

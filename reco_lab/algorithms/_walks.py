"""Random walks between customers and items: from an item to its customers and on to their other items."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._pairs import Closeness, nearest, strongest
from reco_lab.algorithms._shapes import ItemToItem
from reco_lab.core.recommender import FitContext


def walked(
    matrix: sparse.csr_matrix,
    ctx: FitContext,
    *,
    neighbours: int,
    alpha: float,
    beta: float,
    normalised: bool,
) -> ItemToItem:
    """Where two steps from each item lead, with step chances to the power of alpha, over popularity^beta.

    Of each item the likeliest ends are kept (their chances made to add up to 1 where `normalised`), and then
    of each end the likeliest starts.
    """
    lengths, counts = np.diff(matrix.indptr), np.bincount(matrix.indices, minlength=matrix.shape[1])
    closeness = Closeness(
        weights=_power(lengths, -alpha),
        gains=np.ones(len(counts)),
        own=_power(counts, alpha),
        others=_power(counts, beta),
    )
    ends = nearest(matrix, closeness, neighbours, ctx)
    if normalised:
        totals = np.asarray(ends.sum(axis=1)).ravel()
        ends.data /= np.repeat(totals, np.diff(ends.indptr))
    weights = strongest(ends.T.tocsr(), neighbours, ctx.threads).T.tocsr()
    ctx.report(1.0, "walked")
    return ItemToItem(weights)


def _power(counts: NDArray[np.integer[Any]], exponent: float) -> NDArray[np.float64]:
    powers: NDArray[np.float64] = np.maximum(counts, 1).astype(np.float64) ** exponent
    return powers

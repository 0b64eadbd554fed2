"""How alike the items of a list are, by who touched them."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.evaluation import Evaluation
from reco_lab.core.likeness import cosines

MOST_ITEMS = 4096


def likeness_until(evaluation: Evaluation) -> NDArray[np.float64]:
    """The sum of the cosines of all pairs among the first 0, 1, 2... places: (length + 1) x customers.

    The cosine of two items is that of their columns in training (customers who touched both / root of the
    product of those who touched each); an item nobody touched is like no other.
    """
    items = evaluation.recommendations.items
    columns = evaluation.train.interactions.matrix.tocsc()
    sums = np.zeros((items.shape[1] + 1, len(items)))
    np.cumsum(_with_earlier(columns, items).T, axis=0, out=sums[1:])
    return sums


def _with_earlier(columns: sparse.csc_matrix, items: NDArray[np.int32]) -> NDArray[np.float64]:
    """The sum of each place's cosines with the places before it: customers x places, within bounded memory."""
    codes = np.unique(items)
    if len(codes) > MOST_ITEMS and len(items) > 1:
        half = len(items) // 2
        return np.concatenate((_with_earlier(columns, items[:half]), _with_earlier(columns, items[half:])))
    alike = cosines(columns, codes)
    places = np.searchsorted(codes, items)
    added = np.zeros(items.shape)
    for place in range(1, items.shape[1]):
        added[:, place] = alike[places[:, place, None], places[:, :place]].sum(axis=1)
    return added

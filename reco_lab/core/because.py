"""Which item of a customer's history speaks most for a recommendation."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.batch import UserBatch
from reco_lab.core.recommender import Scorer


def because(scorer: Scorer, batch: UserBatch, items: NDArray[np.int32]) -> dict[int, int]:
    """For items the entry of the one customer's history (a row of the batch within the model's items) that adds most.

    Items that nothing in the history speaks for are left out, and all where the model cannot say.
    """
    known = items[(items >= 0) & (items < scorer.n_items)]
    parts = scorer.contributions(batch, known) if len(known) else None
    if parts is None or parts.labels or not len(parts.weights):
        return {}
    most = parts.weights.argmax(axis=0)
    return {
        item: row
        for place, (item, row) in enumerate(zip(known.tolist(), most.tolist(), strict=True))
        if parts.weights[row, place] > 0
    }

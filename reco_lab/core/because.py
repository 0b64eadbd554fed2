"""Which item of a customer's history speaks most for a recommendation."""

from collections.abc import Sequence

import numpy as np

from reco_lab.core.batch import UserBatch
from reco_lab.core.recommender import Scorer


def because(scorer: Scorer, batch: UserBatch, items: Sequence[int]) -> dict[int, int]:
    """For items the entry of the one customer's history (a row of the batch within the model's items) that adds most.

    Items that nothing in the history speaks for are left out, and all where the model cannot say.
    """
    known = [item for item in items if 0 <= item < scorer.n_items]
    if not known:
        return {}
    rows = scorer.loudest(batch, np.array(known, np.int32)).tolist()
    return {item: row for item, row in zip(known, rows, strict=True) if row >= 0}

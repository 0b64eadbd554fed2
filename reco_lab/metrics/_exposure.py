"""What the metrics of exposure share: who was shown what, and how it changes when customers are redrawn."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.evaluation import Evaluation, Measurement, Weights
from reco_lab.core.ranking import NO_ITEM

BLOCK_BYTES = 64 << 20

Numbers = NDArray[np.float64]


def exposure(evaluation: Evaluation, k: int, judge: Callable[[Numbers], Numbers]) -> Measurement:
    """Judge how often each recommended item is shown in the first k places, over all customers together.

    `judge` gets these counts, draws x recommended items (0 where a draw shows an item to nobody), and answers
    one number a draw. Redrawing works in blocks of 64 MB.
    """
    shown = evaluation.recommendations.items[:, :k]
    filled = shown != NO_ITEM
    n_items = evaluation.relevant.shape[1]
    counts = np.bincount(shown[filled], minlength=n_items)
    recommended = np.flatnonzero(counts)

    def resample(weights: Weights) -> Numbers:
        code = np.cumsum(counts > 0) - 1
        customers = np.nonzero(filled)[0]
        ones = np.ones(len(customers))
        by_item = sparse.csr_matrix(
            (ones, (code[shown[filled]], customers)), shape=(len(recommended), len(shown))
        )
        size = max(1, BLOCK_BYTES // (8 * max(len(recommended), 1)))
        blocks = [weights[start : start + size] for start in range(0, len(weights), size)]
        return np.concatenate([judge(np.asarray((by_item @ block.T).T)) for block in blocks])

    value = judge(counts[recommended].astype(np.float64)[None, :])
    return Measurement(float(value[0]), resample=resample, customers=len(shown))

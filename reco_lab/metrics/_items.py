"""What the metrics of the lists' items share: sums over the items in the first places."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Evaluation
from reco_lab.core.ranking import NO_ITEM


def list_mean(
    evaluation: Evaluation, k: int, quality: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each customer's mean quality of the items in the first k places, and whether there are any (1 or 0)."""
    items = evaluation.recommendations.items[:, :k]
    sums = np.append(quality, 0.0)[items].sum(axis=1)
    counts = (items != NO_ITEM).sum(axis=1)
    return sums / np.maximum(counts, 1), (counts > 0).astype(np.float64)

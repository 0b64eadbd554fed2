"""What the metrics of the lists' items share: sums over the items in the first places."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Evaluation, Measurement
from reco_lab.core.ranking import NO_ITEM


def list_mean(
    evaluation: Evaluation, k: int, quality: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each customer's mean quality of the items in the first k places, and whether there are any (1 or 0)."""
    items = evaluation.recommendations.items[:, :k]
    sums = qualities(evaluation, k, quality).sum(axis=1)
    counts = (items != NO_ITEM).sum(axis=1)
    return sums / np.maximum(counts, 1), (counts > 0).astype(np.float64)


def qualities(evaluation: Evaluation, k: int, quality: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quality of the item in each of the first k places, 0 where a list has ended: customers x places."""
    found: NDArray[np.float64] = np.append(quality, 0.0)[evaluation.recommendations.items[:, :k]]
    return found


def worth_of_hits(evaluation: Evaluation, k: int, worth: NDArray[np.float64] | None) -> Measurement:
    """The mean over customers of what their hits are worth (NaN counts 0); no number where nothing is known."""
    judged = (evaluation.n_relevant > 0).astype(np.float64)
    if worth is None:
        return Measurement.ratio(np.zeros(len(judged)), np.zeros(len(judged)))
    gained = qualities(evaluation, k, np.nan_to_num(worth)) * evaluation.hits[:, :k]
    return Measurement.ratio(gained.sum(axis=1) * judged, judged)

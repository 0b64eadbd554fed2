"""What the accuracy metrics share: running sums over the places of the lists, made once for all cut-offs."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Evaluation, Measurement

Running = NDArray[np.float64]


def hits_until(evaluation: Evaluation) -> Running:
    """How many hits the first 0, 1, 2... places hold: (length of the lists + 1) x customers."""
    return _running(evaluation.hits.T.astype(np.float64))


def gain_until(evaluation: Evaluation) -> Running:
    """The discounted cumulative gain of the first 0, 1, 2... places, a hit at place i worth 1 / log2(i + 1)."""
    hits = evaluation.hits.T
    return _running(hits * discounts(len(hits))[:, None])


def precision_until(evaluation: Evaluation) -> Running:
    """The sum of the precisions at the hits among the first 0, 1, 2... places."""
    hits, counts = evaluation.hits.T, evaluation.once(hits_until)[1:]
    return _running(hits * counts / np.arange(1.0, len(hits) + 1)[:, None])


def prefix_precision_until(evaluation: Evaluation) -> Running:
    """The sum of the precisions of the first 0, 1, 2... places, hit or not."""
    counts = evaluation.once(hits_until)[1:]
    return _running(counts / np.arange(1.0, len(counts) + 1)[:, None])


def discounts(places: int) -> NDArray[np.float64]:
    """What a hit is worth at each of these many places: 1, 0.631, 0.5..."""
    worth: NDArray[np.float64] = 1 / np.log2(np.arange(2.0, places + 2))
    return worth


def ideal_gain(relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """The gain of lists that begin with these many hits."""
    gains: NDArray[np.float64] = np.append(0.0, np.cumsum(discounts(int(relevant.max(initial=0)))))[relevant]
    return gains


def at(running: Running, k: int) -> NDArray[np.float64]:
    """The running sums at place k; lists that are shorter end where they end."""
    column: NDArray[np.float64] = running[min(k, len(running) - 1)]
    return column


def judged(evaluation: Evaluation, gained: NDArray[np.float64], possible: NDArray[np.float64]) -> Measurement:
    """The mean over customers of what was gained by what was possible; who has no test item is left out."""
    return Measurement.ratio(
        np.divide(gained, possible, out=np.zeros(len(gained)), where=possible > 0),
        (evaluation.n_relevant > 0).astype(np.float64),
    )


def _running(parts: NDArray[np.float64]) -> Running:
    sums = np.zeros((len(parts) + 1, parts.shape[1]))
    np.cumsum(parts, axis=0, out=sums[1:])
    return sums

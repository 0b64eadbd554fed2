"""How sure a comparison is: paired bootstrap with simultaneous intervals, permutation test, Holm's correction.

Everything resamples customers, because customers are what a shop will have more of. Sources: B. Efron and
R. Tibshirani, An Introduction to the Bootstrap (1993); J. Romano and M. Wolf, Exact and approximate stepdown
methods for multiple hypothesis testing (JASA 2005) for the max-T interval; S. Holm, A simple sequentially
rejective multiple test procedure (1979).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Measurement

DRAWS = 2000
FLIPS = 9999
LEVEL = 0.95
BLOCK_BYTES = 64 << 20

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Intervals:
    """Simultaneous intervals of several quantities: all of them hold together with the stated level."""

    low: Floats
    high: Floats


def bootstrap_weights(customers: int, rng: np.random.Generator, draws: int = DRAWS) -> Iterator[Floats]:
    """How often each customer is drawn, in blocks of draws x customers of bounded memory."""
    size = max(1, BLOCK_BYTES // (16 * max(customers, 1)))
    for start in range(0, draws, size):
        count = min(size, draws - start)
        picks = rng.integers(0, customers, (count, customers)) + np.arange(count)[:, None] * customers
        yield (
            np.bincount(picks.ravel(), minlength=count * customers)
            .reshape(count, customers)
            .astype(np.float64)
        )


def redraw(measurements: Sequence[Measurement], customers: int, rng: np.random.Generator) -> Floats | None:
    """Each measurement under the same bootstrap draws: draws x measurements. None if one cannot be resampled."""
    blocks = []
    for weights in bootstrap_weights(customers, rng):
        columns = [measurement.redraw(weights) for measurement in measurements]
        if any(column is None for column in columns):
            return None
        blocks.append(np.column_stack([column for column in columns if column is not None]))
    return np.concatenate(blocks) if blocks else None


def simultaneous(centre: Floats, drawn: Floats) -> Intervals:
    """Max-T intervals around `centre` from its bootstrap draws (draws x quantities).

    The half-width is the same number of standard errors for all quantities: the level's quantile of the
    largest studentised deviation. A quantity that never varies gets a width of zero.
    """
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    if len(drawn) < 2:
        return Intervals(np.full_like(centre, np.nan), np.full_like(centre, np.nan))
    error = drawn.std(axis=0, ddof=1)
    varies = error > 1e-12 * np.maximum(1.0, np.abs(centre))
    if not varies.any():
        return Intervals(centre.copy(), centre.copy())
    deviations = np.abs(drawn[:, varies] - drawn[:, varies].mean(axis=0)) / error[varies]
    width = np.quantile(deviations.max(axis=1), LEVEL) * np.where(varies, error, 0.0)
    return Intervals(centre - width, centre + width)


def permutation_p(differences: Floats, rng: np.random.Generator, flips: int = FLIPS) -> Floats:
    """Two-sided p of each column (customers x comparisons): were these paired differences as likely reversed?

    Under the null hypothesis a customer's difference is as likely positive as negative, so its sign is
    flipped at random, for all comparisons of that customer together.
    """
    customers, comparisons = differences.shape
    observed = np.abs(differences.sum(axis=0)) - 1e-12
    extreme = np.zeros(comparisons)
    size = max(1, BLOCK_BYTES // (8 * max(customers, 1)))
    for start in range(0, flips, size):
        signs = rng.integers(0, 2, (min(size, flips - start), customers)).astype(np.float64) * 2 - 1
        extreme += (np.abs(signs @ differences) >= observed).sum(axis=0)
    return np.asarray((extreme + 1) / (flips + 1), np.float64)


def holm(p: Floats) -> Floats:
    """P values corrected for the number of comparisons (Holm's step-down)."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected

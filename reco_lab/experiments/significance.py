"""How sure a comparison is: paired bootstrap with simultaneous intervals, permutation tests, corrections.

Everything resamples customers, because customers are what a shop will have more of. Sources: B. Efron and R.
Tibshirani, An Introduction to the Bootstrap (1993); J. Romano and M. Wolf, Exact and approximate stepdown
methods for multiple hypothesis testing (JASA 2005) for the max-T interval and test; S. Holm, A simple
sequentially rejective multiple test procedure (1979); Y. Benjamini and Y. Hochberg, Controlling the false
discovery rate (1995); F. Wilcoxon, Individual comparisons by ranking methods (1945), equal values by J. Pratt
(1959); J. Cohen, Statistical power analysis (1988) for effect size and power; A. Agresti and B. Coull,
Approximate is better than "exact" (1998), and D. Bonett and R. Price, Adjusted Wald confidence interval for a
difference of binomial proportions based on paired data (2012), for the pseudo-customers; F. Satterthwaite, An
approximate distribution of estimates of variance components (1946) for the few seeds behind a mean.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reco_lab.core.evaluation import Measurement

DRAWS = 2000
FLIPS = 9999
LEVEL = 0.95
POWER = 0.8
NOTHING = 1e-12
DIGITS = 10
BLOCK_BYTES = 64 << 20

Floats = NDArray[np.float64]
Bounds = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Intervals:
    """Simultaneous intervals of several quantities: all of them hold together with the stated level."""

    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Luck:
    """The part of seeds in the variance of means over them, and how little is known of it.

    `doubt` is the square of the variance by its degrees of freedom; of a difference, both are sums.
    """

    variance: Floats
    doubt: Floats


@dataclass(frozen=True, eq=False)
class Tests:
    """P values of several comparisons: each alone, corrected by Holm, and corrected by max-T.

    Max-T knows how the comparisons hang together, as the simultaneous intervals do; Holm supposes the worst.
    """

    p: Floats
    holm: Floats
    max_t: Floats


@dataclass(frozen=True, eq=False)
class Spread:
    """How customers' differences lie, a column a comparison: beside the mean, which hides who is how much apart.

    `better` and `worse` are the shares of customers above and below 0, the rest is equal. `effect` is Cohen's d of
    paired values (mean by standard deviation; NaN where nobody differs). `wilcoxon` is the p value
    of the signed-rank test, equal values counted as such.
    """

    better: Floats
    worse: Floats
    effect: Floats
    wilcoxon: Floats


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
    """Each measurement under the same bootstrap draws: draws x measurements.

    One that is the mean of several seeds moves in each draw by what their number leaves open too, as if other
    seeds had been drawn with the customers. None if there is no measurement, or one that cannot be resampled.
    """
    if not measurements:
        return None
    blocks = []
    for weights in bootstrap_weights(customers, rng):
        columns = [measurement.redraw(weights) for measurement in measurements]
        if any(column is None for column in columns):
            return None
        blocks.append(np.column_stack([column for column in columns if column is not None]))
    if not blocks:
        return None
    drawn, errors = np.concatenate(blocks), np.sqrt(by_seeds(measurements).variance)
    return drawn + rng.spawn(1)[0].normal(size=drawn.shape) * errors if errors.any() else drawn


def by_seeds(measurements: Sequence[Measurement]) -> Luck:
    """What the seeds do to each measurement; nothing where it is of one seed."""
    variance = np.array([_of_seeds(one.parts) for one in measurements])
    freedom = np.array([max(len(one.parts) - 1, 1) for one in measurements])
    return Luck(variance, variance**2 / freedom)


def _of_seeds(parts: Sequence[Measurement]) -> float:
    """The variance of a mean over seeds that other customers would not bring too.

    Two seeds differ on some customers more and on others less; as far as this alone moves them apart, it is in the
    bootstrap of the customers already, and is taken out.
    """
    values = np.array([part.value for part in parts])
    if len(parts) < 2 or not np.isfinite(values).all():
        return 0.0
    return max(0.0, float(values.var(ddof=1)) - _interaction(parts)) / len(parts)


def _interaction(parts: Sequence[Measurement]) -> float:
    """The variance between seeds that the choice of customers explains; 0 where it is not known a customer."""
    own = [
        (part.numerator - part.value * part.denominator) / part.denominator.mean()
        for part in parts
        if part.numerator is not None and part.denominator is not None and part.link is None
    ]
    if len(own) < len(parts) or len(own[0]) < 2:
        return 0.0
    apart = np.array(own) - np.mean(own, axis=0)
    customers = len(own[0])
    return float((apart**2).sum()) / ((len(parts) - 1) * (customers - 1) * customers)


def simultaneous(
    centre: Floats, drawn: Floats, *, customers: int | Floats, width: float, doubt: Floats | float = 0.0
) -> Intervals:
    """Max-T intervals around `centre` from its bootstrap draws (draws x quantities).

    The half-width is the same number of standard errors for all quantities: the level's quantile of the
    largest studentised deviation. A bootstrap of few customers, most of them zero, is far too sure of itself;
    the standard errors therefore count two customers more than there are, one at either end of what a
    customer's value can be (`width` apart from the middle; 0 or infinite: no end is known, none is added).
    One alone is not enough: where one side never hits, six intervals of hit rates over 100 customers then
    hold together three times of four. `customers` is how many stand behind all quantities, or behind each.
    `doubt` is that of the seeds (see `Luck`; of a difference, the sum of both sides'): a variance known from
    three seeds is known badly, and the number of standard errors is then Student's t's instead of the
    normal's. That holds together nineteen times of twenty while seeds matter no more than customers; where
    they matter several times as much, nearer to nine times of ten for a pair and fewer for six. A quantity
    without a value has no interval.
    """
    low, high = np.full_like(centre, np.nan), np.full_like(centre, np.nan)
    usable = np.isfinite(centre) & np.isfinite(drawn).all(axis=0)
    if not usable.any():
        return Intervals(low, high)
    some = drawn[:, usable]
    error = some.std(axis=0, ddof=1)
    varies = error > NOTHING
    critical = _critical(int(usable.sum()))
    if varies.any():
        deviations = np.abs(some[:, varies] - some[:, varies].mean(axis=0)) / error[varies]
        critical = max(float(np.quantile(deviations.max(axis=1), LEVEL)), stats.norm.ppf((1 + LEVEL) / 2))
    behind = np.broadcast_to(np.asarray(customers, np.float64), centre.shape)[usable]
    extra = 2 * (width / behind) ** 2 if np.isfinite(width) else 0.0
    total = error**2 + extra
    half = _student(critical, total, np.broadcast_to(doubt, centre.shape)[usable]) * np.sqrt(total)
    low[usable], high[usable] = centre[usable] - half, centre[usable] + half
    return Intervals(low, high)


def sign_flips(differences: Floats, rng: np.random.Generator, flips: int = FLIPS) -> Tests:
    """Two-sided tests of each column (customers x comparisons): were these differences as likely reversed?

    Under the null hypothesis a customer's difference is as likely positive as negative, so its sign is
    flipped at random, for all comparisons of that customer together.
    """
    customers = len(differences)
    scale = np.sqrt((differences**2).sum(axis=0))
    studentised = differences / np.where(scale > 0, scale, 1.0)
    observed = np.abs(studentised.sum(axis=0)) - NOTHING
    order = np.argsort(-observed, kind="stable")
    alone, together = np.zeros(len(order)), np.zeros(len(order))
    size = max(1, BLOCK_BYTES // (8 * max(customers, 1)))
    for start in range(0, flips, size):
        signs = rng.integers(0, 2, (min(size, flips - start), customers)).astype(np.float64) * 2 - 1
        flipped = np.abs(signs @ studentised)
        alone += (flipped >= observed).sum(axis=0)
        largest = np.maximum.accumulate(flipped[:, order[::-1]], axis=1)[:, ::-1]
        together[order] += (largest >= observed[order]).sum(axis=0)
    p = (alone + 1) / (flips + 1)
    stepped = np.empty_like(p)
    stepped[order] = np.maximum.accumulate(((together + 1) / (flips + 1))[order])
    return Tests(p, holm(p), stepped)


def spread_of(differences: Floats) -> Spread:
    """Describe each column of customers x comparisons; all are two-sided and know nothing of a better end."""
    customers, comparisons = differences.shape
    deviation = differences.std(axis=0, ddof=1) if customers > 1 else np.full(comparisons, np.nan)
    varies = deviation > NOTHING
    effect = np.full(comparisons, np.nan)
    effect[varies] = differences[:, varies].mean(axis=0) / deviation[varies]
    return Spread(
        better=(differences > NOTHING).mean(axis=0),
        worse=(differences < -NOTHING).mean(axis=0),
        effect=effect,
        wilcoxon=np.array([_signed_ranks(column) for column in differences.T]),
    )


def detectable(both: Intervals, drawn: Floats) -> Floats:
    """The smallest true difference that would be shown in four of five experiments of this size.

    `both` are the intervals of differences, `drawn` the bootstrap draws that they rest on: a difference is shown where
    its interval leaves out 0, so it must lie half a width and what chance takes away beyond it.
    """
    smallest: Floats = (both.high - both.low) / 2 + stats.norm.ppf(POWER) * drawn.std(axis=0, ddof=1)
    return smallest


def _signed_ranks(column: Floats) -> float:
    """Wilcoxon's p value; equal customers keep their ranks and take no side, equal differences share theirs."""
    rounded = np.round(column, DIGITS)
    if not rounded.any():
        return 1.0
    return float(stats.wilcoxon(rounded, zero_method="pratt", method="approx").pvalue)


def _student(critical: float, variance: Floats, doubt: Floats) -> Floats:
    """The normal's critical value as that of Student's t, with the degrees of freedom of a sum (Satterthwaite)."""
    wider = np.full(len(variance), critical)
    few = doubt > NOTHING**2
    wider[few] = stats.t.isf(stats.norm.sf(critical), np.maximum(variance[few] ** 2 / doubt[few], 1.0))
    return wider


def _critical(comparisons: int) -> float:
    """How many standard errors from 0 shows a difference, two-sided, among this many comparisons (Sidak)."""
    return float(stats.norm.ppf((1 + LEVEL ** (1 / comparisons)) / 2))


def difference_of(one: Bounds, other: Bounds) -> Bounds:
    """A value, its lower and its upper bound, less another that was measured apart from it.

    The errors of both sides count, each on its own side (MOVER: Zou and Donner, Statistics in Medicine 2008).
    """
    value = one[0] - other[0]
    low = value - float(np.hypot(one[0] - one[1], other[2] - other[0]))
    return value, low, value + float(np.hypot(one[2] - one[0], other[0] - other[1]))


def benjamini_hochberg(p: Floats) -> Floats:
    """P values such that of the differences called below .05 at most one in twenty is expected to be none."""
    corrected: Floats = stats.false_discovery_control(p, method="bh")
    return corrected


def holm(p: Floats) -> Floats:
    """P values corrected for the number of comparisons (Holm's step-down)."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected

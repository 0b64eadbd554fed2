"""How much more one group does than another: the difference and the ratio of two means, each with its interval.

Units are customers. Sources: B. Welch, The generalization of Student's problem (Biometrika 1947); E. Fieller, Some
problems in interval estimation (JRSS B 1954) for the ratio; A. Deng et al., Improving the sensitivity of online
controlled experiments by utilizing pre-experiment data (WSDM 2013) for CUPED; A. Deng et al., Applying the delta
method in metric analytics (KDD 2018) for ratios of sums; I. Waudby-Smith et al., Time-uniform central limit theory
and asymptotic confidence sequences (Annals of Statistics 2024) for intervals that hold at every look; A. Agresti and B. Caffo, Simple and effective confidence
intervals for proportions (2000) for the pseudo-customers of rare events.
"""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reco_lab.experiments.significance import LEVEL, POWER

Floats = NDArray[np.float64]
NOTHING = 1e-12
FEW = 50.0
WIDEST = 1e6  # standard errors: as good as no bound, and a number
INFORMATION = 8.0  # where the bound that holds at all looks is narrowest


class Look(Enum):
    """Which look at an outcome it is: the part of the chance of a miss that it may spend, and whether more comes in.

    `only`: it is complete, and nobody looked before. `early`: it is still coming in and will be looked at again.
    `last`: it is complete, after early looks. All early looks and the last spend no more than the whole together.
    `any`: it is still coming in, and may be looked at for ever.
    """

    only = 1.0, False
    early = 0.2, True
    last = 0.8, False
    any = 1.0, True

    def __init__(self, part: float, running: bool) -> None:
        self.part, self.running = part, running


@dataclass(frozen=True, eq=False)
class Moments:
    """What is needed of one group's customers, one number a group or arrays over many trials.

    `n` customers, the `mean` of the outcome and its variance `spread` (ddof 1); `before` and `before_spread` are the
    same of the outcome in the time before, `both` the covariance of the two (0 where nothing is known of before).
    `least` is the smallest outcome of a customer, as far as it is known.
    """

    n: Floats
    mean: Floats
    spread: Floats
    before: Floats
    before_spread: Floats
    both: Floats
    least: Floats | float = -np.inf

    @classmethod
    def of(cls, outcome: Floats, before: Floats | None = None, *, yes_or_no: bool = False) -> "Moments":
        """The moments along the last axis. Of a `yes_or_no` outcome the variance counts one more of either answer."""
        n = np.asarray(float(outcome.shape[-1]))
        mean = outcome.mean(axis=-1)
        spread = outcome.var(axis=-1, ddof=1)
        if yes_or_no:
            share = (mean * n + 1) / (n + 2)
            spread = spread + np.maximum(share * (1 - share) - mean * (1 - mean), 0)
        least = outcome.min(axis=-1)
        if before is None:
            nothing = np.zeros_like(mean)
            return cls(n, mean, spread, nothing, nothing, nothing, least)
        apart, earlier = outcome - mean[..., None], before - before.mean(axis=-1)[..., None]
        both = (apart * earlier).sum(axis=-1) / (n - 1)
        return cls(n, mean, spread, before.mean(axis=-1), before.var(axis=-1, ddof=1), both, least)


@dataclass(frozen=True, eq=False)
class Lifts:
    """The lift of treated over control, numbers or arrays over trials.

    `absolute` is the difference of the means, `relative` that difference by the control's mean; each with the
    interval of the level. The relative interval is NaN where the control's mean cannot be told from 0; it ends at -1, all
    that can be lost, where no outcome is below 0. `p` is two-sided. `explained` is the share of the variance that the time before explains.
    """

    absolute: Floats
    low: Floats
    high: Floats
    relative: Floats
    relative_low: Floats
    relative_high: Floats
    p: Floats
    treated: Floats
    control: Floats
    explained: Floats


def lifts(
    treated: Moments,
    control: Moments,
    level: float = LEVEL,
    look: Look = Look.only,
    *,
    smallest: float = 0.0,
    power: float = POWER,
) -> Lifts:
    """Compare two groups of customers who were told apart by chance.

    Where the time before is known, both means are moved by what it explains (CUPED): the groups differ in it by
    chance alone. The interval of the difference is Welch's, that of the ratio Fieller's, both exact for normal means.
    Where most buy nothing and the smaller group has few who do, both are taken to vary alike (Student's interval).

    Intervals of looks while more comes in are those of a confidence sequence; that of the last is a little wider than if
    nobody had looked. `p` is divided by the part that the look may spend. So all intervals of one who looks as often as
    she likes hold together as often as the level says, and `p` is below .05 at any of them once in twenty at most.
    Where customers still come in, `smallest` is the lift for which looking ends once it is seen with this `power`.
    """
    slope = _slope(treated, control)
    treated, control = _steadied(treated, control, slope)
    share = treated.n / (treated.n + control.n)
    middle = share * treated.before + (1 - share) * control.before
    up = treated.mean - slope * (treated.before - middle)
    down = control.mean - slope * (control.before - middle)
    parts = [_left(one, slope) / one.n for one in (treated, control)]
    error = np.sqrt(parts[0] + parts[1])
    freedom = _freedom(parts[0], parts[1], treated.n, control.n)
    known = _known(smallest * down, error, level, power) if smallest else np.asarray(INFORMATION)
    wide = _wide(look, level, known, freedom)
    gap = up - down
    ratio_low, ratio_high = _fieller(up, down, treated, control, slope, share, wide)
    floor = np.where(np.minimum(treated.least, control.least) >= 0, -1.0, -np.inf)
    ratio = np.divide(gap, down, out=np.full_like(np.asarray(gap, float), np.nan), where=down > NOTHING)
    surprise = np.asarray(stats.t.sf(np.abs(gap) / np.maximum(error, NOTHING), freedom), np.float64)
    return Lifts(
        absolute=gap,
        low=gap - wide * error,
        high=gap + wide * error,
        relative=np.maximum(ratio, floor),
        relative_low=np.maximum(ratio_low - 1, floor),
        relative_high=np.maximum(ratio_high - 1, floor),
        p=np.minimum((_anytime_p(surprise, known) if look.running else 2 * surprise) / look.part, 1.0),
        treated=up,
        control=down,
        explained=np.clip(
            1 - error**2 / np.maximum(treated.spread / treated.n + control.spread / control.n, NOTHING), 0, 1
        ),
    )


def linearised(numerator: Floats, denominator: Floats) -> Floats:
    """A number a customer whose mean is sum / sum and whose variance is that of the ratio (the delta method).

    So a ratio of sums, such as money by order, is compared as any mean. NaN where the denominator is 0 throughout.
    """
    middle = denominator.mean(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = numerator.sum(axis=-1, keepdims=True) / denominator.sum(axis=-1, keepdims=True)
        found: Floats = ratio + (numerator - ratio * denominator) / middle
    return found


def anytime(miss: float, known: Floats | float = INFORMATION) -> Floats:
    """How many standard errors no look leaves out with this chance of a miss at any of them.

    `known` is how much is known by now, INFORMATION where the bound was meant to be narrowest.
    """
    wide: Floats = np.sqrt(2 * (1 + 1 / np.asarray(known)) * np.log(np.sqrt(1 + np.asarray(known)) / miss))
    return wide


def _wide(look: Look, level: float, known: Floats, freedom: Floats) -> Floats:
    """How many standard errors the interval of a look goes to either side."""
    miss = look.part * (1 - level)
    tail = stats.norm.sf(anytime(miss, known)) if look.running else miss / 2
    return np.minimum(stats.t.isf(tail, freedom), WIDEST)


def _freedom(one: Floats, other: Floats, n: Floats, m: Floats) -> Floats:
    """The degrees of freedom of a sum of two squared errors of means (Satterthwaite)."""
    below = one**2 / np.maximum(n - 1, 1) + other**2 / np.maximum(m - 1, 1)
    return np.maximum((one + other) ** 2 / np.maximum(below, NOTHING**4), 1)


def _known(gap: Floats, error: Floats, level: float, power: float) -> Floats:
    """How much is known, INFORMATION once a difference of `gap` would be seen with this power."""
    planned = gap / (anytime(1 - level) + stats.norm.ppf(power))
    known: Floats = INFORMATION * (planned / np.maximum(error, NOTHING)) ** 2
    return np.maximum(known, NOTHING)


def _anytime_p(surprise: Floats, known: Floats) -> Floats:
    """The smallest chance of a miss at which a difference of this one-sided p value is left out."""
    errors = stats.norm.isf(surprise)
    smallest: Floats = np.sqrt(1 + known) * np.exp(-(errors**2) / (2 * (1 + 1 / known)))
    return np.minimum(smallest, 1.0)


def _slope(treated: Moments, control: Moments) -> Floats:
    """How much of a customer's earlier outcome comes again, from the differences within both groups."""
    above = (treated.n - 1) * treated.both + (control.n - 1) * control.both
    below = (treated.n - 1) * treated.before_spread + (control.n - 1) * control.before_spread
    slope: Floats = np.divide(
        above, below, out=np.zeros_like(np.asarray(above, float)), where=np.asarray(below) > NOTHING
    )
    return slope


def _steadied(treated: Moments, control: Moments, slope: Floats) -> tuple[Moments, Moments]:
    """The groups, with the variance that they have in common where the smaller one cannot tell its own.

    Among few buyers those who spend most are often missing: then the mean is too low and the variance with it, and
    chance passes for a lift. How many a group is worth: its customers by the mean square over the squared mean, both
    as in the larger group; of a share, its buyers.
    """
    left = [_left(one, slope) for one in (treated, control)]
    common = ((treated.n - 1) * left[0] + (control.n - 1) * left[1]) / np.maximum(
        treated.n + control.n - 2, 1
    )
    other = treated.n < control.n
    mean, spread = (
        np.where(other, getattr(control, name), getattr(treated, name)) for name in ("mean", "spread")
    )
    worth = np.minimum(treated.n, control.n) * mean**2 / np.maximum(mean**2 + spread, NOTHING)
    few = (worth < FEW) & (spread > mean**2)
    first, second = (
        replace(one, spread=one.spread + np.where(few, common - own, 0))
        for one, own in zip((treated, control), left, strict=True)
    )
    return first, second


def _left(one: Moments, slope: Floats) -> Floats:
    """The variance of outcomes once what the time before explains is taken away."""
    left: Floats = np.maximum(one.spread - 2 * slope * one.both + slope**2 * one.before_spread, 0)
    return left


def _fieller(
    up: Floats,
    down: Floats,
    treated: Moments,
    control: Moments,
    slope: Floats,
    share: Floats,
    wide: Floats,
) -> tuple[Floats, Floats]:
    """The ratios R for which up - R * down is not told from 0: the ends of the interval, NaN where it has none.

    The variance of up - R * down is a polynomial of second degree in R. Both means lean on the mean of the time
    before over all customers, so they hang together where the slope is not 0: a customer of either group moves
    up - R * down by its outcome (times -R in the control group) less slope * (rest + share * R) of its earlier one.
    """
    rest = 1 - share
    terms = []
    for one, outcome in ((treated, (1.0, 0.0)), (control, (0.0, 1.0))):
        o0, o1 = outcome
        constant = o0 * one.spread - 2 * slope * rest * o0 * one.both + slope**2 * rest**2 * one.before_spread
        linear = (
            -2 * slope * (share * o0 + rest * o1) * one.both + 2 * slope**2 * rest * share * one.before_spread
        )
        square = o1 * one.spread - 2 * slope * share * o1 * one.both + slope**2 * share**2 * one.before_spread
        terms.append((constant / one.n, linear / one.n, square / one.n))
    v0, v1, v2 = (terms[0][place] + terms[1][place] for place in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):  # of hardly anybody, `wide` is without end
        a, b, c = down**2 - wide**2 * v2, -2 * up * down - wide**2 * v1, up**2 - wide**2 * v0
        root = b**2 - 4 * a * c
        known = (a > NOTHING**2) & (root >= 0)
        half = np.sqrt(np.where(known, root, np.nan)) / (2 * a)
        middle = -b / (2 * a)
    nothing = np.full_like(np.asarray(middle, float), np.nan)
    return np.where(known, middle - half, nothing), np.where(known, middle + half, nothing)

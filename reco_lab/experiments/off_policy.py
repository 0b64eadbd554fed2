"""What another policy would have earned, judged by a log: estimates with intervals, what they rest on, a verdict.

Customers are what is resampled (B. Efron, Better bootstrap confidence intervals, JASA 1987: bias-corrected and
accelerated intervals), because rows of one customer hang together. `benchmarks/off_policy.py` holds the intervals
and the limits below against a simulated shop whose truth is known.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import stats

from reco_lab.experiments.estimators import ESTIMATORS, RECOMMENDED, Terms
from reco_lab.experiments.logged import Floats, Logged, by_customer
from reco_lab.experiments.significance import LEVEL, NOTHING, bootstrap_weights, difference_of
from reco_lab.experiments.support import Support, support

MOST_GROUPS = 2000


@dataclass(frozen=True)
class Interval:
    """A value with the ends of its 95 % interval and its standard error over customers."""

    value: float
    low: float
    high: float
    error: float


@dataclass(frozen=True)
class Estimate:
    """What one estimator says: the reward of a row under the judged policy, and how much more that is than was logged."""

    name: str
    value: Interval
    difference: Interval

    @property
    def label(self) -> str:
        """What the estimator is called."""
        return ESTIMATORS[self.name].label


@dataclass(frozen=True)
class Judgement:
    """The estimates (the recommended one first), what was logged, what they rest on, and why nothing can be said.

    `refusal` is empty where the log can judge. The recommended estimate's intervals reach further than the textbook
    ones where rows of heavy weight have earned less than their share (see `Support.hidden`).
    """

    estimates: tuple[Estimate, ...]
    logged: Interval
    support: Support

    @property
    def refusal(self) -> str:
        """Why it cannot be judged from this log; empty where it can."""
        return self.support.refusal

    @property
    def best(self) -> Estimate:
        """The recommended estimate."""
        return self.estimates[0]

    def by(self, name: str) -> Estimate:
        """The estimate of one estimator."""
        return next(one for one in self.estimates if one.name == name)


def judge(
    logged: Logged,
    rng: np.random.Generator,
    *,
    only: Collection[str] = tuple(ESTIMATORS),
    weights: Floats | None = None,
    against: Logged | None = None,
) -> Judgement:
    """Estimate what the target policy would have earned a row, and how much more that is than what was earned.

    `against` are the same rows with another target: then it is told how much more than that one would have
    earned, and what that is stands for what was logged. Both sides of a difference are resampled together:
    they are the same customers. `only` names the estimators that are wanted, the recommended one among them;
    `weights` (draws x groups of customers) are drawn unless given.
    """
    rests = support(logged)
    able = [name for name, one in ESTIMATORS.items() if logged.modelled is not None or not one.modelled]
    known = [name for name in able if name in only]
    terms = [ESTIMATORS[name].terms(logged, rng) for name in known]
    was = Terms(logged.reward, np.ones(len(logged)))
    if against is not None:
        was = ESTIMATORS[RECOMMENDED].terms(against, rng)
    sums = CustomerSums.of(logged, [*terms, was])
    if weights is None:
        weights = np.concatenate(list(bootstrap_weights(sums.groups, rng)))
    drawn = sums.drawn(weights)
    last = len(terms)
    estimates = []
    for place, name in enumerate(known):
        value, apart = sums.interval(drawn, place), sums.interval(drawn, place, last)
        if name == RECOMMENDED:
            value, apart = (_reaching(one, rests.hidden) for one in (value, apart))
        estimates.append(Estimate(name, value, apart))
    return Judgement(tuple(estimates), sums.interval(drawn, last), rests)


def apart(one: Interval, other: Interval) -> Interval:
    """One value less another from logs of their own, with the errors of both."""
    bounds = difference_of((one.value, one.low, one.high), (other.value, other.low, other.high))
    return Interval(*bounds, float(np.hypot(one.error, other.error)))


@dataclass(frozen=True, eq=False)
class CustomerSums:
    """The terms of several estimators summed by customer (customers x estimators), and by what is resampled.

    Of very many customers, groups that are put together by chance are resampled: mean, spread and skew of a sum
    of groups are those of the sum of their customers.
    """

    above: Floats
    below: Floats
    group: np.ndarray
    groups: int

    @classmethod
    def of(cls, logged: Logged, terms: list[Terms]) -> "CustomerSums":
        """Sum the rows of each customer."""
        above, below = (
            np.column_stack([by_customer(logged.customers, getattr(one, side)) for one in terms])
            for side in ("above", "below")
        )
        groups = min(len(above), MOST_GROUPS)
        return cls(above, below, np.arange(len(above)) % groups, groups)

    def drawn(self, weights: Floats) -> Floats:
        """The estimates under bootstrap weights (draws x groups): draws x estimators; NaN where nothing is left."""
        above, below = (weights @ self._grouped(side) for side in (self.above, self.below))
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = above / below
        return found

    def interval(self, drawn: Floats, place: int, less: int | None = None) -> Interval:
        """The interval of one estimate, or of one less another."""
        value, pull = self.values[place], self.pulls[:, place]
        draws = drawn[:, place]
        if less is not None:
            value, pull, draws = value - self.values[less], pull - self.pulls[:, less], draws - drawn[:, less]
        customers = len(pull)
        error = (
            float(np.sqrt((pull**2).sum() * customers / max(customers - 1, 1))) if customers > 1 else np.nan
        )
        low, high = accelerated(float(value), draws, pull)
        return Interval(float(value), low, high, error)

    @cached_property
    def values(self) -> Floats:
        """The estimates themselves."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = self.above.sum(axis=0) / self.below.sum(axis=0)
        return found

    @cached_property
    def pulls(self) -> Floats:
        """How far each customer pulls each estimate: her influence, by the delta method; sums to 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = (self.above - self.values * self.below) / self.below.sum(axis=0)
        return found

    def _grouped(self, values: Floats) -> Floats:
        if self.groups == len(values):
            return values
        return np.column_stack([np.bincount(self.group, column, self.groups) for column in values.T])


def accelerated(value: float, draws: Floats, pull: Floats) -> tuple[float, float]:
    """The bias-corrected and accelerated ends of an interval from its bootstrap draws and the pull of each customer.

    NaN where nothing can be resampled.
    """
    draws = np.sort(draws[np.isfinite(draws)])
    if not len(draws) or not np.isfinite(value):
        return np.nan, np.nan
    squares = float((pull**2).sum())
    bend = float((pull**3).sum()) / (6 * squares**1.5) if squares > NOTHING**2 else 0.0
    below = ((draws < value).sum() + 0.5 * (draws == value).sum()) / len(draws)
    shift = float(stats.norm.ppf(np.clip(below, 1 / len(draws), 1 - 1 / len(draws))))
    ends = []
    for tail in (1 - LEVEL) / 2, (1 + LEVEL) / 2:
        moved = shift + float(stats.norm.ppf(tail))
        ends.append(float(np.quantile(draws, stats.norm.cdf(shift + moved / max(1 - bend * moved, NOTHING)))))
    return ends[0], ends[1]


def _reaching(one: Interval, hidden: float) -> Interval:
    """The interval with an upper end that allows for what heavy weights may still earn."""
    return replace(one, high=one.value + float(np.sqrt(hidden)) * (one.high - one.value))

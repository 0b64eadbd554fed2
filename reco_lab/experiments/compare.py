"""Hold the runs of an experiment against each other and say what can be said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Measurement, metric_at
from reco_lab.core.experiment import Experiment, Question
from reco_lab.experiments.results import Cell, Outcome, Row, Verdict
from reco_lab.experiments.significance import (
    NOTHING,
    Intervals,
    benjamini_hochberg,
    by_seeds,
    detectable,
    redraw,
    sign_flips,
    simultaneous,
    spread_of,
)
from reco_lab.experiments.verdict import YARDSTICKS, compared

MARGIN = 0.005  # of what the metric can be, from its lowest to its highest value
HALF = 0.5

Measured = Mapping[str, Mapping[str, Measurement]]


@dataclass(frozen=True)
class Difference:
    """Champion minus another recommender on the headline metric: its interval, its p values, how customers lie.

    `seeds` is the share of its variance that is due to the random numbers of the models, the rest to the customers.
    """

    centre: float
    low: float
    high: float
    p: float
    p_holm: float
    p_max_t: float
    p_bh: float
    p_wilcoxon: float
    effect: float
    above: float
    below: float
    detectable: float
    seeds: float

    def outcome(self, sign: int, margin: float | None) -> Outcome:
        """What may be said of it; `sign` is -1 where a lower metric is better."""
        low, high = (self.low, self.high) if sign > 0 else (-self.high, -self.low)
        seen = outcome_of(low, high, margin)
        return seen if seen is Outcome.tie or self.p_max_t < 0.05 else Outcome.unsure


def margin_of(key: str) -> float | None:
    """How close two values of a metric must surely be to be called a tie; None for one without ends, such as revenue.

    What is little money, or few bits, only the person who asks can know.
    """
    bottom, top = metric_at(key)[0].bounds
    return MARGIN * (top - bottom) if np.isfinite(top - bottom) else None


def outcome_of(low: float, high: float, margin: float | None) -> Outcome:
    """What may be said of a gain that lies in this interval."""
    if margin is not None and low >= -margin and high <= margin:
        return Outcome.tie
    return Outcome.better if low > 0 else Outcome.worse if high < 0 else Outcome.unsure


def cells(
    measured: Measured, overall: Mapping[str, Mapping[str, float | None]], seed: int
) -> dict[str, dict[str, Cell]]:
    """For each recommender and metric: value, interval and the reading over all customers (`overall`).

    The intervals of one metric are simultaneous over the recommenders, and do not depend on which other
    metrics are asked for.
    """
    table: dict[str, dict[str, Cell]] = {name: {} for name in measured}
    for key in dict.fromkeys(key for answers in measured.values() for key in answers):
        names = [name for name in measured if key in measured[name]]
        both = _intervals(key, [measured[name][key] for name in names], seed)
        for name, low, high in zip(names, both.low, both.high, strict=True):
            value = _known(measured[name][key].value)
            table[name][key] = Cell(
                value=value, low=_known(low), high=_known(high), all_customers=overall[name].get(key)
            )
    return table


def champion(rows: Sequence[Row], experiment: Experiment) -> str | None:
    """The recommender with the best headline on the validation part; of equals the first that was asked for.

    Yardsticks that nobody would ship are left out. `rows` stand in the order of the experiment, so that
    nothing of the test decides. None for a metric that has no better end.
    """
    sign = direction(experiment)
    if sign == 0:
        return None
    eligible = [
        row
        for row in rows
        if row.error is None and row.validation is not None and row.algorithm not in YARDSTICKS
    ]
    best = max(eligible, key=lambda row: sign * (row.validation or 0.0), default=None)
    return best.name if best else None


def direction(experiment: Question) -> int:
    """1 where a higher headline is better, -1 where a lower one is, 0 where neither end is good by itself."""
    rises = metric_at(experiment.headline)[0].higher_is_better
    return 0 if rises is None else 1 if rises else -1


def verdicts(best: str, measured: Measured, experiment: Experiment) -> tuple[Verdict, ...]:
    """The champion against every other recommender on the headline metric, corrected for their number.

    A metric that is no mean over customers (coverage, Gini) cannot be tested this way: no verdicts. Nor can
    a recommender without a value.
    """
    key = experiment.headline
    first = measured.get(best, {}).get(key)
    others = {
        name: answers[key]
        for name, answers in measured.items()
        if name != best and key in answers and np.isfinite(answers[key].value)
    }
    if first is None or first.numerator is None or not np.isfinite(first.value) or not others:
        return ()
    found = differences(
        key, first, list(others.values()), np.random.default_rng([experiment.seed, crc32(key.encode())])
    )
    sign = direction(experiment)
    return tuple(
        _verdict(best, name, key, sign, first.customers, one) for name, one in zip(others, found, strict=True)
    )


def differences(
    key: str, first: Measurement, others: list[Measurement], rng: np.random.Generator
) -> list[Difference]:
    """One measurement less each of the others, of the same customers; the intervals are simultaneous.

    All must have a number a customer.
    """
    drawn = redraw([first, *others], first.customers, rng)
    centre = first.value - np.array([other.value for other in others])
    spread = drawn[:, :1] - drawn[:, 1:] if drawn is not None else np.broadcast_to(centre, (2, len(centre)))
    width = width_of(key, [first, *others])
    luck = by_seeds([first, *others])
    of_seeds, doubt = luck.variance[0] + luck.variance[1:], luck.doubt[0] + luck.doubt[1:]
    both = simultaneous(centre, spread, customers=first.customers, width=width, doubt=doubt)
    shares = of_seeds / np.maximum(spread.var(axis=0, ddof=1), NOTHING)
    apart = np.column_stack([_influence(first) - _influence(other) for other in others])
    tests = sign_flips(apart, rng)
    lie = spread_of(np.column_stack([_own(first) - _own(other) for other in others]))
    columns = (
        *(centre, both.low, both.high, tests.p, tests.holm, tests.max_t, benjamini_hochberg(tests.p)),
        *(lie.wilcoxon, lie.effect, lie.better, lie.worse, detectable(both, spread), shares),
    )
    return [Difference(*map(float, numbers)) for numbers in zip(*columns, strict=True)]


def _influence(one: Measurement) -> NDArray[np.float64]:
    """A customer's part in a ratio of sums: her own value where all denominators are equal."""
    if one.numerator is None or one.denominator is None:
        raise TypeError("this metric has no value a customer")
    ratio = one.numerator.sum() / one.denominator.sum()
    influence: NDArray[np.float64] = (
        ratio + (one.numerator - ratio * one.denominator) / one.denominator.mean()
    )
    return influence


def _own(one: Measurement) -> NDArray[np.float64]:
    """A customer's own value, 0 for one who is left out."""
    if one.numerator is None or one.denominator is None:
        raise TypeError("this metric has no value a customer")
    base = one.denominator
    own: NDArray[np.float64] = np.divide(one.numerator, base, out=np.zeros(len(base)), where=base > 0)
    return own if one.link is None else one.link(own)


def _verdict(best: str, other: str, key: str, sign: int, customers: int, one: Difference) -> Verdict:
    margin = margin_of(key)
    outcome = one.outcome(sign, margin)
    few = "seeds" if one.seeds > HALF else "customers"
    better, worse = (one.above, one.below) if sign > 0 else (one.below, one.above)
    return Verdict(
        champion=best,
        other=other,
        metric=key,
        difference=one.centre,
        low=one.low,
        high=one.high,
        p=one.p,
        p_holm=one.p_holm,
        p_max_t=one.p_max_t,
        customers=customers,
        outcome=outcome,
        p_bh=one.p_bh,
        p_wilcoxon=one.p_wilcoxon,
        effect=_known(one.effect),
        better=better,
        worse=worse,
        equal=1 - better - worse,
        detectable=_known(one.detectable),
        sentence=compared(best, other, key, outcome, (one.centre, one.low, one.high), margin, few),
    )


def _intervals(key: str, column: list[Measurement], seed: int) -> Intervals:
    unknown = np.full(len(column), np.nan)
    customers = next((one.customers for one in column if one.customers), 0)
    drawn = (
        redraw(column, customers, np.random.default_rng([seed, crc32(key.encode())])) if customers else None
    )
    if drawn is None:
        return Intervals(unknown, unknown)
    both = simultaneous(
        np.array([one.value for one in column]),
        drawn,
        customers=customers,
        width=width_of(key, column),
        doubt=by_seeds(column).doubt,
    )
    bottom, top = metric_at(key)[0].bounds
    return Intervals(np.maximum(both.low, bottom), np.minimum(both.high, top))


def width_of(key: str, column: Sequence[Measurement]) -> float:
    """How far apart a customer's values can be: the ends of the metric, or, where it has none, of what was seen.

    Infinite where it has no end and no value a customer.
    """
    bottom, top = metric_at(key)[0].bounds
    if np.isfinite(top - bottom) or any(one.numerator is None for one in column):
        return top - bottom
    return float(np.ptp(np.concatenate([_own(one) for one in column])))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

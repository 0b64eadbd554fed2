"""Hold the runs of an experiment against each other and say what can be said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reco_lab.core.evaluation import Measurement, metric
from reco_lab.core.experiment import Experiment
from reco_lab.experiments.results import Cell, Outcome, Row, Verdict
from reco_lab.experiments.run import headline
from reco_lab.experiments.significance import holm, permutation_p, redraw, simultaneous

MARGIN = 0.005
POPULAR = "most_popular"
YARDSTICKS = frozenset({"random", "oracle"})

Measured = Mapping[str, Mapping[str, Measurement]]


@dataclass(frozen=True)
class Difference:
    """Champion minus another recommender on the headline metric, with its interval and its p values."""

    centre: float
    low: float
    high: float
    p: float
    p_holm: float

    def outcome(self, sign: int) -> Outcome:
        """What may be said of it; `sign` is -1 where a lower metric is better."""
        low, high = (self.low, self.high) if sign > 0 else (-self.high, -self.low)
        if low >= -MARGIN and high <= MARGIN:
            return Outcome.tie
        if self.p_holm < 0.05 and low > 0:
            return Outcome.better
        if self.p_holm < 0.05 and high < 0:
            return Outcome.worse
        return Outcome.unsure


def cells(
    measured: Measured, overall: Mapping[str, Mapping[str, float | None]], rng: np.random.Generator
) -> dict[str, dict[str, Cell]]:
    """For each recommender and metric: value, interval and the reading over all customers (`overall`).

    The intervals of one metric are simultaneous over the recommenders.
    """
    table: dict[str, dict[str, Cell]] = {name: {} for name in measured}
    for key in dict.fromkeys(key for answers in measured.values() for key in answers):
        names = [name for name in measured if key in measured[name]]
        intervals = _intervals(key, [measured[name][key] for name in names], rng)
        for name, (low, high) in zip(names, intervals, strict=True):
            value = _known(measured[name][key].value)
            table[name][key] = Cell(value=value, low=low, high=high, all_customers=overall[name].get(key))
    return table


def champion(rows: Sequence[Row], experiment: Experiment) -> str | None:
    """The recommender with the best headline on the validation part; yardsticks that nobody would ship are left out."""
    eligible = [
        row
        for row in rows
        if row.error is None and row.validation is not None and row.algorithm not in YARDSTICKS
    ]
    sign = -1 if metric(experiment.headline[0]).higher_is_better is False else 1
    best = max(eligible, key=lambda row: sign * (row.validation or 0.0), default=None)
    return best.name if best else None


def verdicts(
    best: str, measured: Measured, experiment: Experiment, rng: np.random.Generator
) -> tuple[Verdict, ...]:
    """The champion against every other recommender on the headline metric, corrected for their number.

    A metric that is no mean over customers (coverage, Gini) cannot be tested this way: no verdicts.
    """
    key = headline(experiment)
    first = measured.get(best, {}).get(key)
    others = {name: answers[key] for name, answers in measured.items() if name != best and key in answers}
    if first is None or first.numerator is None or not others:
        return ()
    sign = -1 if metric(experiment.headline[0]).higher_is_better is False else 1
    found = _differences(first, list(others.values()), rng)
    return tuple(
        _verdict(best, name, key, sign, len(first.numerator), one)
        for name, one in zip(others, found, strict=True)
    )


def sentence(best: str | None, rows: Sequence[Row], found: Sequence[Verdict], key: str) -> str:
    """The verdict in a line or two: the champion against the bestsellers and against its closest rival."""
    if best is None:
        return "No recommender could be chosen: none was scored on the validation part."
    duels = {verdict.other: verdict for verdict in found}
    rivals = [row.name for row in rows if row.algorithm not in YARDSTICKS and row.name in duels]
    popular = [row.name for row in rows if row.algorithm == POPULAR and row.name in duels]
    told = dict.fromkeys([*popular, *rivals[:1]])
    if not told:
        return f"{best} was chosen on the validation part; there is nothing to hold it against on {key}."
    return " ".join(duels[name].sentence for name in told)


def plain(best: str | None, rows: Sequence[Row], found: Sequence[Verdict], key: str) -> str:
    """The verdict for somebody who knows no metrics: how much better than showing everybody the bestsellers."""
    names = {row.algorithm: row for row in rows if row.error is None}
    popular = names.get(POPULAR)
    if best is None or popular is None:
        return "There is no winner to name yet."
    if popular.name == best:
        return "Showing everybody the bestsellers does as well as anything that was tried."
    outcome = next((verdict.outcome for verdict in found if verdict.other == popular.name), Outcome.unsure)
    own = next(row for row in rows if row.name == best).metrics.get(key)
    base = popular.metrics.get(key)
    rises = metric(key.partition("@")[0]).higher_is_better
    if not rises or outcome is not Outcome.better or not own or not base or not own.value or not base.value:
        return f"Whether {best} is better than showing everybody the bestsellers cannot be told from these customers."
    close = [verdict.other for verdict in found if verdict.outcome in {Outcome.tie, Outcome.unsure}]
    also = f" {_listed(close)} may be as good." if close else ""
    lead = f"{best} finds what customers go for next {own.value / base.value:.1f} times as well as showing everybody the bestsellers."
    return lead + also


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _differences(first: Measurement, others: list[Measurement], rng: np.random.Generator) -> list[Difference]:
    numerators = [
        first.numerator - other.numerator
        for other in others
        if first.numerator is not None and other.numerator is not None
    ]
    table = np.column_stack(numerators)
    drawn = redraw([first, *others], len(table), rng)
    centre = first.value - np.array([other.value for other in others])
    both = simultaneous(centre, drawn[:, :1] - drawn[:, 1:] if drawn is not None else centre[None, :])
    p = permutation_p(table, rng)
    columns = (centre, both.low, both.high, p, holm(p))
    return [Difference(*map(float, numbers)) for numbers in zip(*columns, strict=True)]


def _verdict(best: str, other: str, key: str, sign: int, customers: int, one: Difference) -> Verdict:
    outcome = one.outcome(sign)
    name, _, k = key.partition("@")
    shown = metric(name).label + (f"@{k}" if k else "")
    ahead = one.centre if outcome is not Outcome.worse else -one.centre
    low, high = (one.low, one.high) if outcome is not Outcome.worse else (-one.high, -one.low)
    gap = f"{ahead:+.3f} {shown}, {low:+.3f} to {high:+.3f}"
    lead = f"{abs(ahead):.3f} {shown} ({abs(low):.3f} to {abs(high):.3f})" if sign > 0 else f"{gap}"
    words = {
        Outcome.better: f"{best} beats {other} by {lead}.",
        Outcome.worse: f"{best} was ahead on validation, but {other} is better on the test by {lead}.",
        Outcome.tie: f"{best} and {other} are a tie: they differ by {gap}, which is within ±{MARGIN}.",
        Outcome.unsure: f"Too few customers to tell {best} from {other}: they differ by {gap}.",
    }
    return Verdict(
        champion=best,
        other=other,
        metric=key,
        difference=one.centre,
        low=one.low,
        high=one.high,
        p=one.p,
        p_holm=one.p_holm,
        customers=customers,
        outcome=outcome,
        sentence=words[outcome],
    )


def _intervals(
    key: str, column: list[Measurement], rng: np.random.Generator
) -> list[tuple[float | None, float | None]]:
    customers = next((one.customers for one in column if one.customers), 0)
    drawn = redraw(column, customers, rng) if customers else None
    if drawn is None:
        return [(None, None)] * len(column)
    both = simultaneous(np.array([one.value for one in column]), drawn)
    bottom, top = metric(key.partition("@")[0]).bounds
    return [
        (_known(max(low, bottom)), _known(min(high, top)))
        for low, high in zip(both.low, both.high, strict=True)
    ]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

"""A look at a running A/B test: how far each arm is ahead, what it harms, and whether the test can be trusted."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from reco_lab.core.ab_test import AbTest
from reco_lab.experiments.ab_course import OUTCOMES, Course, Outcome, earlier
from reco_lab.experiments.lift import Lifts
from reco_lab.experiments.power import Usual, needed
from reco_lab.experiments.sample_ratio import sample_ratio
from reco_lab.experiments.sequential import Tally, ahead, level_at_last
from reco_lab.experiments.significance import LEVEL, holm

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Ahead(BaseModel):
    """How far an arm is ahead of another in an outcome: `relative` with its interval, None where it has none.

    `rate` and `against` are the outcome of both. `title` are the customers it is about, `holm` is `p` corrected for all
    segments that were looked at. Intervals and p values hold however often one looks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = "everyone"
    arm: str
    over: str
    outcome: str
    customers: int
    over_customers: int
    rate: float
    against: float
    relative: float | None
    low: float | None
    high: float | None
    sign: int
    p: float
    holm: float | None = None

    @property
    def good(self) -> int:
        """+1 where the arm is better beyond doubt, -1 where it is worse, else 0."""
        return self.sign * OUTCOMES[self.outcome].better

    @property
    def harms(self) -> bool:
        """Whether the arm is worse beyond doubt, and by more than is tolerated."""
        outcome = OUTCOMES[self.outcome]
        least = self.low if outcome.better < 0 else None if self.high is None else -self.high
        return self.good < 0 and (least is None or least > outcome.tolerated)

    @property
    def harmless(self) -> bool:
        """Whether it is beyond doubt that the arm is not worse by more than is tolerated."""
        outcome = OUTCOMES[self.outcome]
        most = self.high if outcome.better < 0 else None if self.low is None else -self.low
        return most is not None and most <= outcome.tolerated


class Standing(BaseModel):
    """What came to an arm by now; `share` is what it should have of the customers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    share: float
    customers: int
    decisions: int
    shown: int
    clicks: int
    bought: int
    revenue: float


class Point(BaseModel):
    """How far an arm was ahead at the end of a step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    arm: str
    relative: float
    low: float
    high: float


class Look(BaseModel):
    """All that is known of a test at a moment `until` which it ran, in equal steps.

    `ahead` are the arms over the control in the test's metric, `personal` what personal ads bring over those
    held out, `course` how `ahead` came about, `ratio_p` how well the customers fit the shares of the arms,
    `strays` those who were in two arms. `needed` is how many customers would show the smallest lift worth
    having (None: nobody can say).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    begun: datetime
    until: datetime
    step: timedelta
    customers: int
    standings: tuple[Standing, ...]
    ahead: tuple[Ahead, ...] = ()
    personal: Ahead | None = None
    guardrails: tuple[Ahead, ...] = ()
    course: tuple[Point, ...] = ()
    ratio_p: float = 1.0
    strays: int = 0
    needed: int | None = None

    @property
    def days(self) -> float:
        """How long it ran."""
        return (self.until - self.begun) / timedelta(days=1)


def look(
    test: AbTest, course: Course, before: pd.DataFrame, period: tuple[datetime, datetime, timedelta]
) -> Look:
    """Look at a test: `course` is what its customers did, `before` what the log knows of them from before it.

    `period` are its begin, the moment of the look, and the length of a step.
    """
    standings = _standings(test, course)
    told = {"begun": period[0], "until": period[1], "step": period[2], "standings": standings}
    if not course.steps:
        return Look(customers=0, **told)
    shares = np.array([group.share for group in test.groups])
    pairs, level = _pairs(test), _level(test)
    kind = OUTCOMES[test.metric]
    tallies = course.tallies(kind, earlier(before, kind, course.names))
    lifts = {pair: _ahead(test, kind, tallies, pair, level) for pair in pairs}
    personal = None
    if test.holdout and len(test.arms) > 1:
        pair = (0, len(test.groups) - 1)
        personal = _row(test, test.metric, tallies, pair, _ahead(test, kind, tallies, pair, LEVEL))
    return Look(
        **told,
        customers=len(course.names),
        ahead=tuple(_row(test, test.metric, tallies, pair, found) for pair, found in lifts.items()),
        personal=personal,
        guardrails=tuple(_guarded(test, course, pairs)),
        course=tuple(point for pair, found in lifts.items() for point in _points(test, pair, found)),
        ratio_p=float(sample_ratio(course.counts(), shares / shares.sum())[-1]),
        strays=course.strays,
        needed=_needed(test, tallies, pairs, lifts, level),
    )


def by_segment(
    test: AbTest, course: Course, before: pd.DataFrame, segments: Mapping[str, Mask]
) -> tuple[Ahead, ...]:
    """The same in each segment of customers; p values corrected by Holm, intervals by Bonferroni."""
    if not course.steps or not segments:
        return ()
    kind, pairs = OUTCOMES[test.metric], _pairs(test)
    level = 1 - (1 - LEVEL) / (len(segments) * len(pairs))
    known, found = earlier(before, kind, course.names), []
    for title, among in segments.items():
        tallies = course.tallies(kind, known, among, last=True)
        for pair in pairs:
            row = _row(test, test.metric, tallies, pair, _ahead(test, kind, tallies, pair, level))
            found.append(row.model_copy(update={"title": title}))
    corrected = holm(np.array([row.p for row in found]))
    return tuple(row.model_copy(update={"holm": float(p)}) for row, p in zip(found, corrected, strict=True))


def _pairs(test: AbTest) -> list[tuple[int, int]]:
    """Which groups are compared: each arm with the control, which alone is compared with those held out."""
    return [(place, 0) for place in range(1, len(test.arms))] or [(0, 1)]


def _level(test: AbTest) -> float:
    return 1 - (1 - LEVEL) / len(_pairs(test))


def _ahead(test: AbTest, kind: Outcome, tallies: list[Tally], pair: tuple[int, int], level: float) -> Lifts:
    up, down = (tallies[place] for place in pair)
    return ahead(up, down, test.minimum_lift, power=test.power, level=level, yes_or_no=kind.yes_or_no)


def _row(test: AbTest, outcome: str, tallies: list[Tally], pair: tuple[int, int], found: Lifts) -> Ahead:
    up, down = (tallies[place].customers[-1] for place in pair)
    low, high = found.low[-1], found.high[-1]
    return Ahead(
        arm=test.groups[pair[0]].name,
        over=test.groups[pair[1]].name,
        outcome=outcome,
        customers=int(up),
        over_customers=int(down),
        rate=float(found.treated[-1]),
        against=float(found.control[-1]),
        relative=_told(found.relative[-1]),
        low=_told(found.relative_low[-1]),
        high=_told(found.relative_high[-1]),
        sign=1 if low > 0 else -1 if high < 0 else 0,
        p=float(found.p[-1]),
    )


def _guarded(test: AbTest, course: Course, pairs: list[tuple[int, int]]) -> list[Ahead]:
    found = []
    for name in test.guardrails:
        if name != test.metric:
            tallies = course.tallies(OUTCOMES[name], last=True)
            level = 1 - (1 - LEVEL) / (len(pairs) * len(test.guardrails))
            found += [
                _row(test, name, tallies, pair, _ahead(test, OUTCOMES[name], tallies, pair, level))
                for pair in pairs
            ]
    return found


def _points(test: AbTest, pair: tuple[int, int], found: Lifts) -> list[Point]:
    numbers = np.stack((found.relative, found.relative_low, found.relative_high), axis=1)
    return [
        Point(step=step, arm=test.groups[pair[0]].name, relative=mid, low=low, high=high)
        for step, (mid, low, high) in enumerate(numbers.tolist())
        if np.isfinite((mid, low, high)).all()
    ]


def _needed(
    test: AbTest,
    tallies: list[Tally],
    pairs: list[tuple[int, int]],
    lifts: Mapping[tuple[int, int], Lifts],
    level: float,
) -> int | None:
    """How many customers in the test show the smallest lift worth having, by what customers did so far."""
    kind, most = OUTCOMES[test.metric], 0.0
    for up, down in pairs:
        one = tallies[down].moments(yes_or_no=kind.yes_or_no)
        explained = float(lifts[up, down].explained[-1])
        known = Usual(float(one.mean[-1]), float(one.spread[-1]), explained, kind.yes_or_no)
        shares = [test.groups[place].share for place in (up, down)]
        need = needed(
            known, test.minimum_lift, shares[1] / sum(shares), power=test.power, level=level_at_last(level)
        )
        if not need.possible:
            return None
        most = max(most, need.customers / sum(shares))
    return int(np.ceil(most))


def _standings(test: AbTest, course: Course) -> tuple[Standing, ...]:
    came = np.bincount(course.group, minlength=len(test.groups))
    columns = {name: course.sums(name) for name in ("decisions", "shown", "clicks", "bought", "revenue")}
    return tuple(
        Standing(
            name=group.name,
            share=group.share,
            customers=int(came[place]),
            revenue=float(columns["revenue"][place]),
            **{name: int(columns[name][place]) for name in ("decisions", "shown", "clicks", "bought")},
        )
        for place, group in enumerate(test.groups)
    )


def _told(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None

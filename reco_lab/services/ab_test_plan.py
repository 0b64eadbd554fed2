"""What an A/B test will take: customers, days and money, by the log's own traffic."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.ab_test import AbTest
from reco_lab.core.words import count, share
from reco_lab.experiments.ab_course import OUTCOMES
from reco_lab.experiments.lift import linearised
from reco_lab.experiments.power import Usual, cannot_be, detectable, needed
from reco_lab.experiments.sequential import level_at_last
from reco_lab.experiments.significance import LEVEL
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace

Floats = NDArray[np.float64]
KNOWN = timedelta(days=28)
FARTHEST, MONTH = 365, 28
DAY = timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Traffic:
    """What the log knows of the last days: what each customer did on each `step`, a day from 0. `days` may be a part."""

    rows: pd.DataFrame
    days: float

    @property
    def whole(self) -> int:
        """The days, the last of which may be a part."""
        return max(1, int(np.ceil(self.days)))

    def sums(self, days: int) -> pd.DataFrame:
        """What each customer did in the first of these days, if she came."""
        some = self.rows[self.rows["step"] < days]
        return some.groupby("customer").sum(numeric_only=True)

    @cached_property
    def arriving(self) -> Floats:
        """How many different customers come within 1, 2, 3... days; after the last known one as many as of late."""
        first = self.rows.groupby("customer")["step"].min().to_numpy(np.int64)
        came = np.bincount(first, minlength=self.whole).astype(np.float64)
        if self.days < 1:
            came /= self.days
        late = came[len(came) // 2 :].mean()
        return np.asarray(np.concatenate((came, np.full(FARTHEST - self.whole, late))).cumsum(), np.float64)


@dataclass(frozen=True)
class Outlook:
    """What a test takes. `customers` in all its arms together, `days` None where more than a year or nobody can say.

    `at_stake` is what it costs if the other arms are worse by the smallest lift worth having; None where the log knows
    of no money. `in_a_month` is the smallest lift that MONTH days show.
    """

    customers: int | None
    days: int | None
    at_stake: float | None
    rate: float
    sentence: str
    in_a_month: float = float("inf")


def traffic(workspace: Workspace, log: EventLog) -> Traffic | None:
    """What came in the last days; None where nobody asked for ads."""
    now = workspace.clock.now()
    begun = log.first_decision(now - KNOWN)
    if begun is None:
        return None
    frame = log.by_customer(begun, now, step=DAY, within=KNOWN)
    return None if frame.empty else Traffic(frame, max((now - begun) / DAY, 1 / 24))


def outlook(test: AbTest, known: Traffic | None) -> Outlook:
    """How long a test runs until the smallest lift worth having would be seen, and what that puts at stake.

    As if it had begun with what is known: customers come back, so that each tells more the longer it runs.
    """
    if known is None:
        return Outlook(
            None, None, None, 0.0, "Nobody asked for ads yet, so how long it takes cannot be known."
        )
    arriving = test.traffic * known.arriving

    def enough(days: int) -> bool:
        need = _needed(test, known.sums(days))
        return need is not None and need <= arriving[days - 1]

    found = bisect_left(range(1, known.whole + 1), True, key=enough) + 1
    sums = known.sums(min(found, known.whole))
    usual, customers = _usual(test, sums), _needed(test, sums)
    if customers is None:
        noun = OUTCOMES[test.metric].noun
        words = cannot_be(usual, test.minimum_lift)
        words = words or f"There were no {noun} yet, so how long it takes cannot be known."
        return Outlook(None, None, None, usual.mean, words)
    later = int(np.searchsorted(arriving, customers)) + 1 if arriving[-1] >= customers else None
    days = found if found <= known.whole else later
    money = float((sums["revenue"] + sums["billed"]).mean())
    others = sum(group.share for group in test.groups[1:])
    at_stake = customers * others * money * test.minimum_lift if money > 0 else None
    month = _detectable(test, usual, float(arriving[MONTH - 1]))
    return Outlook(customers, days, at_stake, usual.mean, _sentence(test, customers, days), month)


def _usual(test: AbTest, sums: pd.DataFrame) -> Usual:
    outcome = OUTCOMES[test.metric]
    top = sums[outcome.top].to_numpy(np.float64)
    if outcome.yes_or_no:
        top = np.minimum(top, 1.0)
    if outcome.base:
        base = sums[outcome.base].to_numpy(np.float64)
        top = linearised(top, base) if base.any() else np.zeros(len(top))
    return Usual.of(top, None, yes_or_no=outcome.yes_or_no)


def _needed(test: AbTest, sums: pd.DataFrame) -> int | None:
    """How many customers must take part, if each does what these did; None where nothing was done."""
    pair = test.groups[0].share + _smallest(test)
    part = test.groups[0].share / pair
    need = needed(_usual(test, sums), test.minimum_lift, part, power=test.power, level=_level(test))
    return int(np.ceil(need.customers / pair)) if need.possible else None


def _detectable(test: AbTest, usual: Usual, customers: float) -> float:
    """The smallest lift that so many customers show."""
    sizes = customers * _smallest(test), customers * test.groups[0].share
    return detectable(usual, *sizes, power=test.power, level=_level(test))


def _level(test: AbTest) -> float:
    return level_at_last(1 - (1 - LEVEL) / max(len(test.arms) - 1, 1))


def _smallest(test: AbTest) -> float:
    """The share of the smallest group that is compared with the control."""
    return min(group.share for group in (test.groups[1 : len(test.arms)] or test.groups[1:]))


def _sentence(test: AbTest, customers: int, days: int | None) -> str:
    when = (
        "more than a year at your traffic" if days is None else f"about {count(days, 'day')} at your traffic"
    )
    return (
        f"To see {share(test.minimum_lift)} more {OUTCOMES[test.metric].noun} with {share(test.power)} chance, "
        f"{count(customers, 'customer')} must take part: {when}."
    )

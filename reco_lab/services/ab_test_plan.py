"""What an A/B test will take: customers, days and money, by the log's own traffic."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.ab_test import AbTest
from reco_lab.core.words import count, share
from reco_lab.experiments.ab_course import OUTCOMES
from reco_lab.experiments.lift import linearised
from reco_lab.experiments.power import Need, Usual, needed
from reco_lab.experiments.sequential import level_at_last
from reco_lab.experiments.significance import LEVEL
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace

Floats = NDArray[np.float64]
KNOWN = timedelta(days=28)
FARTHEST = 365
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Traffic:
    """What the log knows of the last days: the sums of each customer, and on which day (from 0) she first came."""

    sums: pd.DataFrame
    first: NDArray[np.int64]
    days: float

    def arriving(self, part: float) -> Floats:
        """How many different customers come within 1, 2, 3... days, when this part of them takes part."""
        whole = max(1, int(np.ceil(self.days)))
        came = np.bincount(self.first, minlength=whole).astype(np.float64)
        if self.days < 1:
            came /= self.days
        late = came[len(came) // 2 :].mean()
        return np.asarray(part * np.concatenate((came, np.full(FARTHEST - whole, late))).cumsum(), np.float64)


@dataclass(frozen=True)
class Outlook:
    """What a test takes. `customers` in all its arms together, `days` None where more than a year or nobody can say.

    `at_stake` is what it costs if the other arms are worse by the smallest lift worth having; None where the log knows
    of no money.
    """

    customers: int | None
    days: int | None
    at_stake: float | None
    rate: float
    sentence: str


def traffic(workspace: Workspace, log: EventLog) -> Traffic | None:
    """What came in the last days; None where nobody asked for ads."""
    now = workspace.clock.now()
    frame = log.by_customer(now - KNOWN, now, step=DAY, within=KNOWN)
    if frame.empty:
        return None
    begun = log.first_decision(now - KNOWN) or now
    by = frame.groupby("customer")
    first = by["step"].min().to_numpy(np.int64)
    sums = by.sum(numeric_only=True).drop(columns="step")
    days = min(KNOWN, now - begun) / DAY
    return Traffic(sums, first - int(first.min()), max(days, 1 / 24))


def outlook(test: AbTest, known: Traffic | None) -> Outlook:
    """How long a test runs until the smallest lift worth having would be seen, and what that puts at stake."""
    if known is None:
        return Outlook(
            None, None, None, 0.0, "Nobody asked for ads yet, so how long it takes cannot be known."
        )
    usual, need = _need(test, known)
    if not need.possible:
        noun = OUTCOMES[test.metric].noun
        return Outlook(
            None, None, None, usual.mean, f"There were no {noun} yet, so how long it takes cannot be known."
        )
    pair = test.groups[0].share + _smallest(test)
    customers = int(np.ceil(need.customers / pair))
    arriving = known.arriving(test.traffic)
    days = int(np.searchsorted(arriving, customers)) + 1 if arriving[-1] >= customers else None
    money = float((known.sums["revenue"] + known.sums["billed"]).mean())
    others = sum(group.share for group in test.groups[1:])
    at_stake = customers * others * money * test.minimum_lift if money > 0 else None
    return Outlook(customers, days, at_stake, usual.mean, _sentence(test, customers, days))


def _need(test: AbTest, known: Traffic) -> tuple[Usual, Need]:
    outcome, sums = OUTCOMES[test.metric], known.sums
    top = sums[outcome.top].to_numpy(np.float64)
    if outcome.yes_or_no:
        top = np.minimum(top, 1.0)
    if outcome.base:
        base = sums[outcome.base].to_numpy(np.float64)
        top = linearised(top, base) if base.any() else np.zeros(len(top))
    usual = Usual.of(top, None, yes_or_no=outcome.yes_or_no)
    part = test.groups[0].share / (test.groups[0].share + _smallest(test))
    level = level_at_last(1 - (1 - LEVEL) / max(len(test.arms) - 1, 1))
    return usual, needed(usual, test.minimum_lift, part, power=test.power, level=level)


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

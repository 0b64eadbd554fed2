"""What would have happened: any policy judged by what any other one logged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.clock import moment
from reco_lab.core.errors import DataError
from reco_lab.core.learner import Learner
from reco_lab.core.memory import Memory
from reco_lab.core.policy import Policy, Scores, Seen
from reco_lab.core.words import agree, count
from reco_lab.experiments.logged import Floats
from reco_lab.experiments.off_policy import Judgement, judge
from reco_lab.experiments.support import support
from reco_lab.policies.uniform_random import UniformRandom
from reco_lab.services import bookings
from reco_lab.services.ad_learning import Learning, known_before
from reco_lab.services.judged_answers import AnswerRows, Asked, Odds
from reco_lab.serving.booked import LEAST_BID
from reco_lab.store.events.judging import Served
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace

MOST_ANSWERS = 30_000
SEED = 5


@dataclass(frozen=True)
class Told:
    """How many answers there were in the period, how many the judgement uses, and why it does not use the others.

    `frozen` is the moment by whose knowledge a policy that learns is judged.
    """

    answers: int
    used: int
    left_out: tuple[tuple[str, int], ...] = ()
    frozen: datetime | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was left out, in words."""
        newest = (f"Only the newest {MOST_ANSWERS:,} answers of the period are looked at.",) * (
            self.answers >= MOST_ANSWERS
        )
        return newest + tuple(
            f"{count(number, 'answer')} {agree(number, 'is', 'are')} left out: {reason}."
            for reason, number in self.left_out
        )

    @property
    def stood(self) -> str:
        """As of when a policy that learns is judged; empty for one that does not learn."""
        if self.frozen is None:
            return ""
        then = f"{self.frozen:%d %b %Y, %H:%M} (UTC)".lstrip("0")
        return f"It is judged as it would have stood on {then}; while it serves it learns on."


@dataclass(frozen=True, eq=False)
class Judged:
    """The judgement and the account of the answers behind it."""

    judgement: Judgement
    told: Told


def judge_policy(workspace: Workspace, log: EventLog, policy: Policy, asked: Asked) -> Judged:
    """What a policy would have earned where it sees the logged candidates with their logged scores.

    One that learns is judged as it would have stood at the beginning of the period, and does not learn on; where
    nothing was logged before, the first half of the period is what it learns from. Raises DataError where no answer of
    the period can be used, with the reason.
    """
    rng = np.random.default_rng(SEED)
    if isinstance(policy, Learner):
        begin = _begin(log, asked)
        seen_as = Frozen.at(workspace, log, policy, begin)
        found = judge_odds(
            log, lambda one, before: seen_as.odds(one, before, rng), replace(asked, since=begin)
        )
        return replace(found, told=replace(found.told, frozen=begin))

    def odds(one: Served, before: NDArray[np.intp]) -> Floats:
        return policy.odds(Seen(scores_of(one), None, one.features), before, rng)

    return judge_odds(log, odds, asked, even=isinstance(policy, UniformRandom))


def judge_odds(log: EventLog, odds: Odds, asked: Asked, *, even: bool = False) -> Judged:
    """What anything would have earned that gives each candidate of an answer of the log its chance."""
    return judge_answers(log.served(asked.since, asked.until, MOST_ANSWERS), odds, asked, even=even)


def judge_answers(
    every: Sequence[Served], odds: Odds, asked: Asked, *, even: bool = False, against: Odds | None = None
) -> Judged:
    """What anything would have earned that gives each candidate of a logged answer its chance, given the places before.

    `even`: all candidates are alike to it, so that answers whose candidates were not kept can be used too. `against` is
    what it is held against instead of what was logged; DataError where that cannot be judged.
    """
    rows, others = AnswerRows(), AnswerRows()
    for one in every:
        rows.add(one, odds, asked, even=even)
        if against is not None:
            others.add(one, against, asked, even=even)
    if not rows.reward:
        reasons = "; ".join(rows.reasons) or "there was none"
        raise DataError(
            f"No answer of this period can be used: {reasons}.",
            fix="Choose a longer period, or one in which a policy chose between ads.",
        )
    told = Told(len(every), rows.used, tuple(rows.reasons.items()))
    other = None if against is None else others.logged()
    if other is not None and (refusal := support(other).refusal):
        raise DataError(f"What it is held against cannot be judged: {refusal}.")
    return Judged(judge(rows.logged(), np.random.default_rng(SEED), against=other), told)


@dataclass(frozen=True, eq=False)
class Frozen:
    """A policy that learns, with what it knew at a moment. `bids` are those of now: earlier ones are not kept."""

    learner: Learner
    memory: Memory
    learning: Learning
    bids: Mapping[str, float]

    @classmethod
    def at(cls, workspace: Workspace, log: EventLog, learner: Learner, moment: datetime) -> "Frozen":
        """What it would have known then."""
        bids = {ad.id: max(ad.bid, LEAST_BID) for ad in bookings.ads(workspace)}
        memory = known_before(workspace, log, learner, moment)
        return cls(learner, memory, Learning(workspace, log), bids)

    def odds(self, one: Served, before: NDArray[np.intp], rng: np.random.Generator) -> Floats:
        """The chances of the candidates."""
        ids, weight = one.ids or (), self.learning.bid_weight(one.version)
        worth = None
        if weight > 0:
            worth = np.array([self.bids.get(id_, LEAST_BID) for id_ in ids], np.float32) ** np.float32(weight)
        seen = Seen(scores_of(one), self.memory.rows(ids), one.features, worth)
        return self.learner.odds(seen, before, rng, self.memory)


def _begin(log: EventLog, asked: Asked) -> datetime:
    """The moment from which a learner is judged: the begin of the period, or its middle where nothing was before."""
    if log.decided_before(asked.since):
        return asked.since
    every = log.served(asked.since, asked.until, MOST_ANSWERS)
    return moment(every[len(every) // 2].at) if every else asked.since


def scores_of(one: Served) -> Scores:
    """The scores of the candidates; an answer without them is left out before anybody asks."""
    return np.zeros(0, np.float32) if one.scores is None else one.scores

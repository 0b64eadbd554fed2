"""What would have happened: any policy judged by what any other one logged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.errors import DataError
from reco_lab.core.policy import Policy, Seen
from reco_lab.core.words import agree, count
from reco_lab.experiments.logged import Floats
from reco_lab.experiments.off_policy import Judgement, judge
from reco_lab.policies.uniform_random import UniformRandom
from reco_lab.services.judged_answers import AnswerRows, Asked, Odds
from reco_lab.store.events.judging import Served
from reco_lab.store.events.log import EventLog

MOST_ANSWERS = 50_000
SEED = 5


@dataclass(frozen=True)
class Told:
    """How many answers there were in the period, how many the judgement uses, and why it does not use the others."""

    answers: int
    used: int
    left_out: tuple[tuple[str, int], ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was left out, in words."""
        return tuple(
            f"{count(number, 'answer')} {agree(number, 'is', 'are')} left out: {reason}."
            for reason, number in self.left_out
        )


@dataclass(frozen=True, eq=False)
class Judged:
    """The judgement and the account of the answers behind it."""

    judgement: Judgement
    told: Told


def judge_policy(log: EventLog, policy: Policy, asked: Asked) -> Judged:
    """What a policy would have earned where it sees the logged candidates with their logged scores.

    Raises DataError where no answer of the period can be used, with the reason.
    """
    rng = np.random.default_rng(SEED)

    def odds(one: Served, before: NDArray[np.intp]) -> Floats:
        if one.scores is None:
            return np.zeros(0)
        return policy.odds(Seen(one.scores, None, one.features), before, rng)

    return judge_odds(log, odds, asked, even=isinstance(policy, UniformRandom))


def judge_odds(log: EventLog, odds: Odds, asked: Asked, *, even: bool = False) -> Judged:
    """What anything would have earned that gives each candidate of a logged answer its chance, given the places before.

    `even`: all candidates are alike to it, so that answers whose candidates were not kept can be used too.
    """
    rows = AnswerRows()
    every = log.served(asked.since, asked.until, MOST_ANSWERS)
    for one in every:
        rows.add(one, odds, asked, even=even)
    if not rows.reward:
        reasons = "; ".join(rows.reasons) or "there was none"
        raise DataError(
            f"No answer of this period can be used: {reasons}.",
            fix="Choose a longer period, or one in which a policy chose between ads.",
        )
    told = Told(len(every), rows.used, tuple(rows.reasons.items()))
    return Judged(judge(rows.logged(), np.random.default_rng(SEED)), told)

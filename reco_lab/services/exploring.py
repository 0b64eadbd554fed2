"""What a policy gives to other ads than the best, and what that costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reco_lab.core.ads import Ad, Billing
from reco_lab.core.learner import FIRST_GUESS, GUESSED_FROM, Learner
from reco_lab.core.memory import Floats, Memory
from reco_lab.core.policy import Policy, Seen

PLACES = 1000
DRAWN = 50
AVERAGE = 0.5
NOTHING = np.zeros(0, np.intp)


@dataclass(frozen=True)
class Exploring:
    """Of PLACES first places among so many ads: those that go to another ad than the best, and what they cost.

    `clicks` and `money` (what the bids of those clicks are worth) are what is lost against showing the best
    alone, as far as click rates are known now; `begins`: a learner that knows nothing yet.
    """

    ads: int
    aside: float
    clicks: float
    money: float
    begins: bool


def exploring(
    policy: Policy,
    ads: Sequence[Ad],
    outcomes: Mapping[str, tuple[int, int, int]],
    memory: Memory | None,
    bid_weight: float = 0.0,
) -> Exploring | None:
    """What exploring costs among these ads; `outcomes` are how often each was decided on, seen and clicked. None for fewer than two ads."""
    if len(ads) < 2:
        return None
    knows = isinstance(policy, Learner) and memory is not None and bool(memory.ids)
    rates = (
        _learnt(policy, memory, ads)
        if knows and isinstance(policy, Learner) and memory
        else _counted(ads, outcomes)
    )
    bids = np.array([ad.bid for ad in ads])
    worth = np.power(np.maximum(bids, 1e-6), bid_weight)
    best = np.argsort(-rates * worth, kind="stable")
    scores = np.empty(len(ads), np.float32)
    scores[best] = np.linspace(1.0, 0.0, len(ads))
    rows = memory.rows(ad.id for ad in ads) if memory else None
    seen = (
        Seen(np.asarray(AVERAGE * worth, np.float32), rows, None, np.asarray(worth, np.float32))
        if isinstance(policy, Learner)
        else Seen(scores)
    )
    odds = np.mean(
        [policy.odds(seen, NOTHING, np.random.default_rng(one), memory) for one in range(DRAWN)], axis=0
    )
    first = int(best[0])
    paid = rates * bids * np.array([ad.billing is Billing.click for ad in ads])
    return Exploring(
        ads=len(ads),
        aside=PLACES * float(1 - odds[first]),
        clicks=PLACES * max(float(odds @ (rates[first] - rates)), 0.0),
        money=PLACES * max(float(odds @ (paid[first] - paid)), 0.0),
        begins=isinstance(policy, Learner) and not knows,
    )


def _learnt(learner: Learner, memory: Memory, ads: Sequence[Ad]) -> Floats:
    return learner.rates(memory)[0][memory.rows(ad.id for ad in ads)]


def _counted(ads: Sequence[Ad], outcomes: Mapping[str, tuple[int, int, int]]) -> Floats:
    """Click rates as they were counted, drawn towards that of all ads."""
    decided, clicked = (
        np.array([outcomes.get(ad.id, (0, 0, 0))[at] for ad in ads], np.float64) for at in (0, 2)
    )
    overall = (clicked.sum() + FIRST_GUESS * GUESSED_FROM) / (decided.sum() + GUESSED_FROM)
    rates: Floats = (clicked + overall * GUESSED_FROM) / (np.maximum(decided, clicked) + GUESSED_FROM)
    return rates

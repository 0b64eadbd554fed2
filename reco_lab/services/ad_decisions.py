"""What was chosen, as the log keeps it."""

import os
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic, perf_counter_ns

import numpy as np

from reco_lab.core.clock import microseconds
from reco_lab.core.events import Considered, Decision, Placed, Unbilled
from reco_lab.serving.booked import Booked, Mask
from reco_lab.serving.decide import MOST_KEPT, Chosen
from reco_lab.serving.snapshot import Snapshot

LAST = "of the house, which come last"
TELL_AGAIN_SECONDS = 60.0
MOST_TOLD = 10_000
CHANCE_BYTES, FETCHED = 7, 64
NO_SCORES = np.zeros(0, np.float32)


@dataclass(eq=False)
class RequestIds:
    """Ids that nobody can guess; later ones sort behind, so that what belongs together lies together in the log.

    What the system gives by chance is fetched for many at once: for each anew it would let other threads in between.
    """

    _left: bytes = field(default=b"", repr=False)

    def new(self, now: datetime) -> str:
        """One that nobody has yet."""
        if not self._left:
            self._left = os.urandom(CHANCE_BYTES * FETCHED)
        chance, self._left = self._left[:CHANCE_BYTES], self._left[CHANCE_BYTES:]
        return f"{microseconds(now) >> 10:011x}{chance.hex()[1:]}"


@dataclass(eq=False)
class ToldSets:
    """Which sets of candidates the log was told lately, so that their ids are not written with every decision."""

    told: dict[str, float] = field(default_factory=dict)

    def news(self, candidates: str) -> bool:
        """Whether a set should be told now."""
        now = monotonic()
        if now - self.told.get(candidates, -TELL_AGAIN_SECONDS) < TELL_AGAIN_SECONDS:
            return False
        if len(self.told) >= MOST_TOLD:
            self.told.clear()
        self.told[candidates] = now
        return True


def decision_of(
    snapshot: Snapshot,
    request: str,
    name: str,
    slot: str,
    chosen: Chosen,
    now: datetime,
    begun: int,
    told: ToldSets,
) -> Decision:
    """The decision for a customer by her pseudonym (empty: nothing personal is kept); it began at `begun` nanoseconds."""
    booked, weighed = snapshot.booked, chosen.weighed
    rules = weighed.taken
    if chosen.seen is not None and (last := booked.n_house - chosen.house):
        rules[LAST] = last
    candidates, n_candidates = _candidates(chosen, booked)
    chances, scores = chosen.propensities.tolist(), chosen.scores.tolist()
    placed = [
        Placed(f"{request}-{position}", booked.ids[place], position, chance, score, *booked.costs[place])
        for position, (place, chance, score) in enumerate(
            zip(chosen.places.tolist(), chances, scores, strict=True)
        )
    ]
    return (Unbilled if chosen.unbilled else Decision)(
        request_id=request,
        at=now,
        customer=name,
        slot=slot,
        placed=tuple(placed),
        candidates=candidates,
        n_candidates=n_candidates,
        model_version=snapshot.version,
        policy=weighed.route.policy_name,
        arm=weighed.route.name,
        stage=chosen.stage,
        rules=rules,
        latency_us=(perf_counter_ns() - begun) // 1000,
        considered=_considered(chosen, booked, candidates, n_candidates, told),
    )


def _candidates(chosen: Chosen, booked: Booked) -> tuple[str, int]:
    """The hash of the ads that could have been chosen, and how many they are."""
    if chosen.seen is not None:
        return chosen.weighed.eligible.candidates(chosen.weighed.gone.tolist())
    could = _could(chosen)
    return booked.candidates(could), int(np.count_nonzero(could))


def _could(chosen: Chosen) -> Mask:
    """Which ads could have been chosen: the shop's own only where there was nothing else."""
    eligible = chosen.weighed.eligible
    return chosen.weighed.among(eligible.open if chosen.seen is None else eligible.not_house)


def _considered(
    chosen: Chosen, booked: Booked, candidates: str, count: int, told: ToldSets
) -> Considered | None:
    """What the policy saw, where it is kept: all of it for few candidates, the customer's numbers where it learns by them."""
    seen = chosen.seen
    if seen is None or seen.features is None:
        return None
    if count > MOST_KEPT:
        return Considered(None, NO_SCORES, seen.features)
    news = told.news(candidates)
    ids = tuple(booked.ids[place] for place in np.flatnonzero(_could(chosen))) if news else None
    return Considered(ids, seen.scores, seen.features)

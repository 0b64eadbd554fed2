"""What was chosen, as the log keeps it."""

import secrets
from datetime import datetime
from time import perf_counter_ns

import numpy as np

from reco_lab.core.events import Decision, Placed
from reco_lab.serving.decide import Chosen
from reco_lab.serving.snapshot import Snapshot
from reco_lab.store.events.records import microseconds

LAST = "of the house, which come last"


def decision_of(
    snapshot: Snapshot, name: str, slot: str, chosen: Chosen, now: datetime, begun: int
) -> Decision:
    """The decision for a customer by her pseudonym (empty: nothing personal is kept); it began at `begun` nanoseconds."""
    booked, weighed = snapshot.booked, chosen.weighed
    rules, could = weighed.taken, weighed.eligible.open
    if chosen.alone:
        rules, could = rules | ({LAST: booked.n_house} if booked.n_house else {}), weighed.eligible.not_house
    could, request = weighed.among(could), _request_id(now)
    chances, scores = chosen.propensities.tolist(), weighed.scores[chosen.places].tolist()
    placed = tuple(
        Placed(
            f"{request}-{position}",
            booked.ids[place],
            position,
            chance,
            score,
            *booked.costs[place],
        )
        for position, (place, chance, score) in enumerate(
            zip(chosen.places.tolist(), chances, scores, strict=True)
        )
    )
    return Decision(
        request_id=request,
        at=now,
        customer=name,
        slot=slot,
        placed=placed,
        candidates=booked.candidates(could),
        n_candidates=int(np.count_nonzero(could)),
        model_version=snapshot.version,
        policy=weighed.route.policy_name,
        arm=weighed.route.name,
        stage=chosen.stage,
        rules=rules,
        latency_us=(perf_counter_ns() - begun) // 1000,
    )


def _request_id(now: datetime) -> str:
    """An id that nobody can guess; later ones sort behind, so that what belongs together lies together in the log."""
    return f"{microseconds(now) >> 10:011x}{secrets.token_hex(7)[1:]}"

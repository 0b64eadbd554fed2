"""What was chosen, as the log keeps it."""

import secrets
from datetime import datetime
from time import perf_counter_ns

import numpy as np

from reco_lab.core.events import Decision, Placed
from reco_lab.serving.decide import Chosen
from reco_lab.serving.snapshot import Snapshot

LAST = "of the house, which come last"


def decision_of(
    snapshot: Snapshot, name: str, slot: str, chosen: Chosen, now: datetime, begun: int
) -> Decision:
    """The decision for a customer by her pseudonym (empty: nothing personal is kept); it began at `begun` nanoseconds."""
    booked, weighed = snapshot.booked, chosen.weighed
    rules, could = weighed.rules, weighed.open
    if (
        len(chosen.places) and not booked.house[chosen.places].any()
    ):  # the policy chose among the others alone
        rules, could = {**rules, LAST: booked.regular}, could & booked.regular
    request = secrets.token_hex(12)
    chances, scores = chosen.propensities.tolist(), weighed.scores[chosen.places].tolist()
    placed = tuple(
        Placed(
            f"{request}-{position}",
            booked.ids[place],
            position,
            chance,
            score,
            cost=booked.ads[place].bid if booked.billed_at_once[place] else 0.0,
            click_cost=0.0 if booked.billed_at_once[place] else booked.ads[place].bid,
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
        policy=weighed.route.policy.policy(),
        arm=weighed.route.name,
        stage=chosen.stage,
        rules={
            rule: taken for rule, mask in rules.items() if (taken := len(mask) - int(np.count_nonzero(mask)))
        },
        latency_us=(perf_counter_ns() - begun) // 1000,
    )

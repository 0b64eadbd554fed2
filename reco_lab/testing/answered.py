"""A log of answers whose truth is known: for tests of what judges policies by it."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.events import Considered, Decision, Feedback, FeedbackKind, Placed, Stage
from reco_lab.core.policy import Policy
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace

BIDS = 0.5
NOTHING = np.zeros(0, np.float32)
_WAIT = 30.0


def log_answers(
    workspace: Workspace,
    policy: Policy,
    scores: NDArray[np.float32],
    clicks: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    places: int = 1,
    kept: bool = True,
    url: str | None = None,
) -> list[Decision]:
    """One answer for each row of `scores` (answers x ads), clicked with the chances of `clicks`; three to a customer.

    Later rows are later answers, the last one a second ago. `kept` is whether what they were chosen from is.
    `url` names a database server for the log.
    """
    now, ids = workspace.clock.now(), [f"a{ad}" for ad in range(scores.shape[1])]
    log = EventLog.open(workspace.home, workspace.clock, url, writer=True)
    made, events = [], []
    for row, some in enumerate(scores):
        choice = policy.choose(some, places, rng)
        at = now - timedelta(seconds=len(scores) - row)
        placed = tuple(
            Placed(f"d-{row}-{place}", ids[ad], place, float(chance), float(some[ad]), 0.0, BIDS)
            for place, (ad, chance) in enumerate(
                zip(choice.chosen.tolist(), choice.propensities, strict=True)
            )
        )
        made.append(
            Decision(
                f"r-{row:06d}", at, f"p_{row // 3}", "home", placed, "four", len(ids), "v", policy.policy(), "", Stage.model,
                considered=Considered(tuple(ids), some, NOTHING) if kept else None,
            )
        )  # fmt: skip
        log.log(made[-1])
        events += [
            Feedback(f"e-{one.decision_id}", one.decision_id, FeedbackKind.click, now, at)
            for one, ad in zip(placed, choice.chosen.tolist(), strict=True)
            if rng.random() < clicks[row, ad]
        ]
    log.track(events).result(_WAIT)
    log.close()
    return made

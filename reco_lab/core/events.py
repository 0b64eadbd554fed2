"""What was decided for a customer, and what she did about it: the rows of the log of decisions."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.unchanging import unchanging


class FeedbackKind(StrEnum):
    """What can come of a decision."""

    impression = "impression"
    click = "click"
    conversion = "conversion"
    dismiss = "dismiss"


class Stage(StrEnum):
    """Who ranked the ads: the model, or what stands in for it when it knows nothing of the customer or fails.

    `popular` also where no model ranked at all: the ads then stand by their own clicks. `house`: nothing but the shop's
    own ads could be shown, and nobody chose.
    """

    model = "model"
    attributes = "attributes"
    segment = "segment"
    popular = "popular"
    house = "house"


@unchanging(eq=True)
class Placed:
    """One ad in an answer: its place from 0, and the chance that the policy put it there, given the places before.

    `score` is what the ranking gave it, `cost` what the decision itself is billed, `click_cost` what its first
    click will be (the bid at this moment, where clicks are what is billed).
    """

    decision_id: str
    ad_id: str
    position: int
    propensity: float
    score: float
    cost: float = 0.0
    click_cost: float = 0.0


@unchanging()
class Considered:
    """What a decision was chosen from: the candidates with their scores, and the numbers known of the customer.

    `ids` are in the order of the scores; None where another decision with the same `candidates` told them lately. Where
    there were too many candidates to keep, `scores` is empty.
    """

    ids: tuple[str, ...] | None
    scores: NDArray[np.float32]
    features: NDArray[np.float32]


@unchanging(eq=True)
class Decision:
    """One answer of the service: which ads a customer got, out of which, and by which rules.

    `customer` is her pseudonym; empty where nothing personal may be kept. `candidates` is the hash of the ids
    that could have been chosen and `n_candidates` their number; the shop's own ads, which take the places
    that are left, are none of these unless nothing else could be shown. `rules` are the rules that took ads
    out, with how many. `latency_us` is what deciding took. `at` is the moment in UTC. `considered` goes into
    the log with it and is asked for apart.
    """

    request_id: str
    at: datetime
    customer: str
    slot: str
    placed: tuple[Placed, ...]
    candidates: str
    n_candidates: int
    model_version: str
    policy: str
    arm: str
    stage: Stage
    rules: dict[str, int] = field(default_factory=dict)
    latency_us: int = 0
    considered: Considered | None = field(default=None, compare=False, repr=False)


@unchanging(eq=True)
class Unbilled(Decision):
    """A decision made while the books that workers share did not answer: the log bills it when it takes it in."""


@dataclass(frozen=True)
class Feedback:
    """What a website says happened to a decision. `value` is money or a weight; `at` the customer's moment in UTC.

    `received` is when it came here.
    """

    event_id: str
    decision_id: str
    kind: FeedbackKind
    received: datetime
    at: datetime
    value: float | None = None

    @property
    def content(self) -> tuple[str, str, float | None]:
        """What must be the same when the same event is sent again."""
        return self.decision_id, self.kind.value, self.value


@dataclass(frozen=True)
class Visit:
    """An interaction told by a website: what a customer did to an item. `event_id` makes a repetition harmless."""

    event_id: str
    customer: str
    item_id: str
    kind: str
    at: datetime
    received: datetime
    value: float = 1.0

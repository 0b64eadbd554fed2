"""What serves: models, ads, policy and routes under one version, put in place as one reference and never changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.ab_test import AbTest, Split
from reco_lab.core.batch import UserBatch
from reco_lab.core.errors import ScoreError
from reco_lab.core.events import Stage
from reco_lab.core.policy import Policy
from reco_lab.core.recommender import Scorer, Scores
from reco_lab.serving.booked import Booked
from reco_lab.serving.loops import loops

NOTHING_PUBLISHED = "unpublished"


@dataclass(frozen=True, eq=False)
class Ranker:
    """A scorer at its place in the chain; `wants_attributes`: it is given what is known of the customer."""

    stage: Stage
    name: str
    scorer: Scorer
    wants_attributes: bool = False

    def answers(self, batch: UserBatch) -> bool:
        """Whether it has something of its own to say to this customer: what is popular is said in its own name alone."""
        return self._knows(batch) and bool(self.scorer.answers(batch)[0])

    def _knows(self, batch: UserBatch) -> bool:
        """Whether anything is known of this customer that it looks at."""
        if self.stage is Stage.model:
            known = self.scorer.n_items
            if len(batch.items) and (batch.highest < known or bool(batch.items.min() < known)):
                return True
            if not self.wants_attributes:
                return False
        return self.stage is Stage.popular or bool(batch.codes[0] >= 0) or batch.attributes is not None

    def score(self, batch: UserBatch) -> Scores:
        """One customer's scores over all items it knows; ScoreError where they are not finite numbers."""
        scores: Scores = self.scorer.score(batch.within(self.scorer.n_items))[0]
        if not loops().finite(scores):
            raise ScoreError(f"{self.name} gave scores that are not finite numbers.")
        return scores


@dataclass(frozen=True, eq=False)
class Route:
    """Who is served how: customers with all these attributes, and one of the segments, get this policy and model.

    `name` is the arm that the log tells. No `model`: the one everybody gets.
    """

    name: str
    policy: Policy
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    model: Ranker | None = None

    @cached_property
    def policy_name(self) -> str:
        """The public id of the policy."""
        return self.policy.policy()

    def takes(self, attributes: Mapping[str, str], segments: frozenset[str]) -> bool:
        """Whether a customer goes this way."""
        wanted = all(attributes.get(name) in values for name, values in self.attributes.items())
        return wanted and (not self.segments or not segments.isdisjoint(self.segments))


@dataclass(frozen=True, eq=False)
class Running:
    """A running A/B test: the route of each of its groups, in their order."""

    test: AbTest
    routes: tuple[Route, ...]

    @cached_property
    def split(self) -> Split:
        """Who is in which group."""
        return self.test.split

    def route(self, customer: str) -> Route | None:
        """The arm of a customer by her pseudonym; None where she takes no part."""
        place = self.split.place(customer)
        return None if place is None else self.routes[place]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything an answer depends on besides the customer and the books.

    `chain` are the rankers in the order in which they are asked: model, attributes, segment, popular; what
    none of them can answer gets a house ad. `routes` are tried in order before the `everybody` route; whom
    none of them takes may be in an arm of the `running` test. `customers` is the data set's table by code,
    `members` says by code who is in which saved segment. `hide_bought` leaves out ads for what a customer
    bought already; `bid_weight` is how much of an ad's bid enters its rank (0: none, 1: in proportion).
    """

    version: str
    chain: tuple[Ranker, ...]
    booked: Booked
    everybody: Route
    routes: tuple[Route, ...] = ()
    customers: pd.DataFrame | None = None
    titles: NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, object))
    hide_bought: bool = True
    bid_weight: float = 0.0
    members: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    running: Running | None = None

    @property
    def ways(self) -> tuple[Route, ...]:
        """Every route that somebody may go."""
        return (*self.routes, *(self.running.routes if self.running else ()), self.everybody)

    def title(self, item: int) -> str:
        """What an item is called."""
        return str(self.titles[item]) if item < len(self.titles) else ""

    def route(self, customer: str, attributes: Mapping[str, str], segments: frozenset[str]) -> Route:
        """The first route that takes a customer; else her arm of the running test, if she is in one."""
        for one in self.routes:
            if one.takes(attributes, segments):
                return one
        arm = self.running.route(customer) if self.running else None
        return arm or self.everybody

    def rank(
        self, route: Route, batch_of: Callable[[bool], UserBatch], fails: Callable[[Ranker, Exception], None]
    ) -> tuple[Ranker, UserBatch, Scores] | None:
        """The first of the chain that answers, the batch it was asked with, and its scores; None where none does.

        `batch_of(wants_attributes)` makes the batch; a ranker that fails is told to `fails` and passed over.
        """
        for ranker in (route.model, *self.chain) if route.model else self.chain:
            batch = batch_of(ranker.wants_attributes)
            try:
                if ranker.answers(batch):
                    return ranker, batch, ranker.score(batch)
            except Exception as error:  # noqa: BLE001 - a model that fails must not cost the website its answer
                fails(ranker, error)
        return None

"""The customers of a data set with everything that rules ask of them, each thing computed once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis import at_risk, lifetime_value, next_category, next_purchase
from reco_lab.analysis.clusters import Clusters, clusters
from reco_lab.analysis.interests import Interests, interests
from reco_lab.analysis.lifetime_value import LifetimeModel, LifetimeTest
from reco_lab.analysis.lookalikes import Lookalikes, lookalikes
from reco_lab.analysis.rfm import RfmTable, rfm
from reco_lab.core.conditions import Cutoffs, Group
from reco_lab.core.dataset import Dataset

SEED = 0
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Measured:
    """What is known, told and expected of the customers of `data`; each asked for raises DataError where it cannot be.

    Whatever rests on chance (groups, look-alikes) starts from the same seed, so that a rule means the same
    customers each time.
    """

    data: Dataset
    _kept: dict[object, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def rfm(self) -> RfmTable:
        """Recency, frequency and money, cut in fifths."""
        return rfm(self.data)

    @cached_property
    def lifetime(self) -> LifetimeModel:
        """The models of lifetime value."""
        return lifetime_value.learn(self.data)

    @cached_property
    def interests(self) -> Interests:
        """Who is interested in which category."""
        return interests(self.data)

    @cached_property
    def due(self) -> next_purchase.NextPurchase:
        """When each customer will buy next."""
        return next_purchase.next_purchase(self.data)

    @cached_property
    def upcoming(self) -> next_category.NextCategory:
        """Which category each customer will buy from next."""
        return next_category.next_category(self.data)

    @cached_property
    def lifetime_test(self) -> LifetimeTest:
        """How the models of lifetime value did on held-out time."""
        return lifetime_value.held_out(self.data)

    @cached_property
    def risk_test(self) -> at_risk.RiskTest:
        """How the risks did on held-out time."""
        return at_risk.held_out(self.data)

    @cached_property
    def date_test(self) -> next_purchase.DateTest:
        """How the days of next purchases did on held-out time."""
        return next_purchase.held_out(self.data)

    @cached_property
    def category_test(self) -> next_category.CategoryTest:
        """How the next categories did on held-out time."""
        return next_category.held_out(self.data)

    def classes(self, cutoffs: Cutoffs | None) -> RfmTable:
        """Recency, frequency and money, cut where one says."""
        return self.rfm if cutoffs is None else self._once(cutoffs, lambda: rfm(self.data, cutoffs))

    def valued(self, horizon: int) -> pd.DataFrame:
        """What each customer is expected to bring in so many days (index: code)."""
        return self._once(("valued", horizon), lambda: self.lifetime.customers(horizon))

    def risks(self, horizon: int | None) -> at_risk.AtRisk:
        """How likely each customer stays away."""
        return self._once(("risk", horizon), lambda: at_risk.at_risk(self.data, horizon))

    def groups(self, rule: Group) -> Clusters:
        """The groups that a rule means, whichever of them it names."""
        asked = (rule.method, rule.number, rule.columns)
        return self._once(asked, lambda: self._grouped(rule))

    def alike(self, listed: NDArray[np.bool_]) -> Lookalikes:
        """Everybody else by how much she resembles a list (a mask by code)."""
        key = ("alike", listed.tobytes())
        return self._once(key, lambda: lookalikes(self.data, listed, np.random.default_rng(SEED)))

    def _grouped(self, rule: Group) -> Clusters:
        rng = np.random.default_rng(SEED)
        return clusters(self.data, rng, method=rule.method, number=rule.number, attributes=rule.columns)

    def _once(self, key: object, make: Callable[[], _T]) -> _T:
        if key not in self._kept:
            self._kept[key] = make()
        found: _T = self._kept[key]
        return found

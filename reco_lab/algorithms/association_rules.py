from typing import ClassVar, Literal

import numpy as np

from reco_lab.algorithms._pairs import Closeness, nearest
from reco_lab.algorithms._shapes import ItemToItem
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State


class AssociationRules(Recommender):
    """Recommends by rules "who has this also has that", each backed by a number of customers.

    A rule counts its confidence n(this, that) / n(this), or its lift: that over the share of customers who
    have `that` anyway. A score is the sum over the rules of the history's items.
    """

    info: ClassVar[Info] = Info(
        label="Association rules",
        family="neighbourhood",
        summary=(
            'Counts rules such as "62% of those who bought coffee also bought filters" and recommends what the '
            "rules of a customer's own items point to. Every recommendation can be read as its rules, so it is "
            "the easiest of all to explain to a colleague; it favours best-sellers, or with lift rare finds."
        ),
        paper="Agrawal, Imielinski, Swami: Mining Association Rules between Sets of Items in Large Databases, SIGMOD 1993",
    )
    measure: Literal["confidence", "lift"] = tunable(
        "confidence", help="What a rule counts: how often it holds, or how much more often than by chance"
    )
    support: int = tunable(5, 1, 1000, log=True, help="How many customers a rule needs at least")
    rules: int = tunable(100, 1, 2000, log=True, help="How many rules are kept for each item at most")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Count all pairs of items, some at a time, and keep each item's strongest rules."""
        self.require(data)
        matrix, counts = data.interactions.matrix, data.interactions.item_counts.astype(np.float64)
        ones = np.ones(len(counts))
        active = int(np.count_nonzero(np.diff(matrix.indptr)))
        closeness = Closeness(
            weights=np.ones(matrix.shape[0]),
            gains=ones,
            own=counts,
            others=counts / active if self.measure == "lift" else ones,
            least=float(np.minimum(self.support, active)),
        )
        rules = nearest(matrix, closeness, self.rules, ctx)
        ctx.report(1.0, "counted")
        return ItemToItem(rules)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return ItemToItem.from_state(state)

from typing import ClassVar

import numpy as np

from reco_lab.algorithms._pairs import Closeness, nearest
from reco_lab.algorithms._shapes import ItemToItem
from reco_lab.algorithms._similarity import Kind, Similarity, Weigher, Weighting, squares
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State


class ItemKnn(Recommender):
    """Recommends items that the same customers touched as those in the history; each item has k neighbours."""

    info: ClassVar[Info] = Info(
        label="Item k-NN",
        family="neighbourhood",
        summary=(
            '"Customers who bought this also bought...": two items are alike when the same customers touched '
            "both, and a customer is shown what is most like what she has. Quick, hard to beat, and every "
            "recommendation can name the items it comes from."
        ),
        paper="Deshpande, Karypis: Item-Based Top-N Recommendation Algorithms, TOIS 2004",
    )
    similarity: Kind = tunable("cosine", help="How likeness is counted")
    weighting: Weighting = tunable("none", help="Whether rarer signs weigh more when likeness is counted")
    neighbours: int = tunable(100, 1, 2000, log=True, help="How many most similar items each item listens to")
    shrink: float = tunable(10.0, 0.0, 1000.0, help="How much likeness seen only a few times is distrusted")
    k1: float = tunable(1.2, 0.0, 3.0, help="BM25 only: how soon further entries stop to count")
    b: float = tunable(0.75, 0.0, 1.0, help="BM25 only: how much long rows are held back")

    alpha: float = tunable(
        0.5, 0.0, 1.0, help="Asymmetric and Tversky only: how much the size of the recommended item counts"
    )
    beta: float = tunable(
        0.5, 0.0, 1.0, help="Tversky only: how much the size of the item in the history counts"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Compare every item with every other, some at a time, and keep the nearest."""
        self.require(data)
        matrix = data.interactions.matrix
        items = matrix.T.tocsr()
        weigher = Weigher.learn(items, self.weighting, self.k1, self.b)
        measure, sizes = (
            Similarity(self.similarity, self.shrink, self.alpha, self.beta),
            squares(weigher.apply(items)),
        )
        closeness = Closeness(
            np.square(weigher.columns()),
            weigher.rows(np.diff(items.indptr)),
            *measure.terms(sizes, sizes),
            multiplied=measure.multiplied,
            slope=measure.slope,
            extra=measure.extra,
        )
        weights = nearest(matrix, closeness, self.neighbours, ctx).T.tocsr()
        ctx.report(1.0, "compared")
        return ItemToItem(weights)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return ItemToItem.from_state(state)

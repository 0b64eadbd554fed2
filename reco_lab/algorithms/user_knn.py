from typing import ClassVar

from reco_lab.algorithms._shapes import Neighbours
from reco_lab.algorithms._similarity import Kind, Similarity, Weigher, Weighting
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State


class UserKnn(Recommender):
    """Recommends what the customers touched among whose k nearest this one is."""

    info: ClassVar[Info] = Info(
        label="User k-NN",
        family="neighbourhood",
        summary=(
            "Finds the customers whose histories are most like this one's and recommends what they have and she "
            "has not. It catches tastes that cut across categories; with very many customers it grows slow."
        ),
        paper="Herlocker, Konstan, Borchers, Riedl: An Algorithmic Framework for Collaborative Filtering, SIGIR 1999",
    )
    cost: ClassVar[tuple[str, ...]] = ("once", "customer pairs", "customers squared")
    similarity: Kind = tunable("cosine", help="How likeness is counted")
    weighting: Weighting = tunable("none", help="Whether rarer items weigh more when likeness is counted")
    neighbours: int = tunable(100, 1, 2000, log=True, help="How many most similar customers are asked")
    shrink: float = tunable(0.0, 0.0, 1000.0, help="How much likeness that rests on few items is distrusted")
    k1: float = tunable(1.2, 0.0, 3.0, help="BM25 only: how soon further entries stop to count")
    b: float = tunable(0.75, 0.0, 1.0, help="BM25 only: how much long histories are held back")

    alpha: float = tunable(
        0.5,
        0.0,
        1.0,
        help="Asymmetric and Tversky only: how much the length of the neighbour's history counts",
    )
    beta: float = tunable(
        0.5, 0.0, 1.0, help="Tversky only: how much the length of the customer's own history counts"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Find how alike others must be to each customer to be among her nearest."""
        self.require(data)
        matrix = data.interactions.matrix
        weigher = Weigher.learn(matrix, self.weighting, self.k1, self.b)
        measure = Similarity(self.similarity, self.shrink, self.alpha, self.beta)
        return Neighbours.learn(matrix, measure, weigher, self.neighbours, ctx.report)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Neighbours.from_state(state)

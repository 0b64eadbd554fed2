from typing import ClassVar

import numpy as np
from scipy import sparse

from reco_lab.algorithms._shapes import ItemToItem
from reco_lab.algorithms._similarity import Kind, Similarity, Weigher, Weighting, dots, keep_best, squares
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.ranking import blocks, spread
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

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Compare every item with every other, in blocks of bounded memory, and keep the nearest."""
        self.require(data)
        customers = data.interactions.matrix.T.tocsr()
        profiles = Weigher.learn(customers, self.weighting, self.k1, self.b).apply(customers)
        measure, sizes, across = (
            Similarity(self.similarity, self.shrink),
            squares(profiles),
            profiles.T.tocsr(),
        )

        def compare(rows: tuple[int, int]) -> sparse.csr_matrix:
            own = slice(*rows)
            similar = measure.of(dots(profiles[own], across), sizes[own], sizes)
            similar[np.arange(len(similar)), np.arange(*rows)] = 0
            return keep_best(similar, self.neighbours)

        nearest: list[sparse.csr_matrix] = []
        ranges = list(blocks(len(sizes), len(sizes)))
        for found in spread(compare, ranges, ctx.threads):
            stop = ranges[len(nearest)][1]
            nearest.append(found)
            ctx.report(stop / len(sizes), f"compared {stop} of {len(sizes)} items")
        return ItemToItem(sparse.vstack(nearest, format="csr").T.tocsr())

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return ItemToItem.from_state(state)

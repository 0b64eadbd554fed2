from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._attributes import Attributes, unit
from reco_lab.algorithms._shapes import ItemToItem, packed, unpacked
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.ranking import blocks, top
from reco_lab.core.recommender import Codes, Contributions, FitContext, Info, Need, Recommender, Scorer, State

TIE = 1e-6


class AttributeKnn(Recommender):
    """Recommends items whose attributes are like those of the items in the history; each item has k neighbours.

    Likeness is the cosine of the attributes' vectors, in which every column counts alike and close numbers
    are alike. Of items that are equally like another one the more popular is its neighbour.
    """

    info: ClassVar[Info] = Info(
        label="Attribute k-NN",
        family="content",
        summary=(
            "Recommends items with the same properties as what the customer had: the same brand, a price in the "
            "same range, the same category. It says which property spoke for an item, can recommend what nobody "
            "touched yet, and does not read texts."
        ),
        paper="Lops, de Gemmis, Semeraro: Content-based Recommender Systems, Recommender Systems Handbook 2011",
        needs=(Need.item_attributes,),
    )
    neighbours: int = tunable(100, 1, 2000, log=True, help="How many most similar items each item listens to")
    rarity: float = tunable(
        0.5, 0.0, 1.0, help="How much more a property counts that few items have; 0: all count alike"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Encode the items' attributes and keep each item's nearest; the log only breaks ties."""
        self.require(data)
        ctx.report(0.0, "started")
        table = cast("pd.DataFrame", data.items)  # the need above is met
        attributes = Attributes.learn(table)
        vectors = self._weighed(attributes.apply(table, len(table)))
        weights = self._nearest(vectors, data.interactions.item_counts, ctx)
        ctx.report(1.0, "fitted")
        return ByAttributes(weights, vectors, attributes.names)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return ByAttributes(
            unpacked("weights", state), unpacked("vectors", state), tuple(state.meta["names"])
        )

    def _weighed(self, vectors: sparse.csr_matrix) -> sparse.csr_matrix:
        counts = np.bincount(vectors.indices, minlength=vectors.shape[1])
        idf = np.log((1 + vectors.shape[0]) / (1 + counts)) ** self.rarity
        return unit(vectors @ sparse.diags(idf))

    def _nearest(
        self, vectors: sparse.csr_matrix, counts: NDArray[np.int64], ctx: FitContext
    ) -> sparse.csr_matrix:
        count = int(vectors.shape[0])
        k, across = min(self.neighbours, count), vectors.T.tocsr()
        ahead = (TIE * counts / max(int(counts.max()), 1)).astype(np.float32)
        kept = []
        for start, stop in blocks(count, count):
            alike = np.asarray((vectors[start:stop] @ across).toarray(), np.float32)
            alike[np.arange(stop - start), np.arange(start, stop)] = 0
            near, _ = top(alike + ahead, k)
            rows = np.repeat(np.arange(start, stop), k)
            kept.append((np.take_along_axis(alike, near, axis=1).ravel(), near.ravel(), rows))
            ctx.report(0.1 + 0.8 * stop / count, f"compared {stop} of {count} items")
        values, speakers, listeners = (np.concatenate(column) for column in zip(*kept, strict=True))
        weights: sparse.csr_matrix = sparse.csr_matrix((values, (speakers, listeners)), shape=(count, count))
        weights.eliminate_zeros()
        return weights


class ByAttributes(ItemToItem):
    """Scores are the likenesses of the distinct items in the history to those that listen to them.

    `vectors` is float32 CSR items x features of length 1, `names` names the features in explanations.
    """

    def __init__(self, weights: Any, vectors: sparse.csr_matrix, names: tuple[str, ...]) -> None:
        super().__init__(weights)
        self.vectors, self.names = vectors, names

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Customers with a history of which an attribute is known."""
        described = np.diff(self.vectors.indptr) > 0
        return np.bincount(batch.owners, described[batch.items], minlength=len(batch)) > 0

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """What each attribute that the history has adds: the part of the likenesses that it makes up."""
        history = np.unique(batch.items)
        mine = np.asarray(self.vectors[history].toarray(), np.float32)
        told = np.flatnonzero(mine.any(axis=0))
        base = np.zeros(len(items), np.float32)
        if not len(told):
            return Contributions(np.zeros((len(batch.items), len(items)), np.float32), base)
        heard = np.asarray(self.weights[history][:, items].toarray() > 0, np.float32)
        weights = (mine[:, told].T @ heard) * self.vectors[items][:, told].toarray().T
        labels = tuple(self.names[place] for place in told)
        return Contributions(np.asarray(weights, np.float32), base, labels)

    def loudest(self, batch: UserBatch, items: Codes) -> NDArray[np.intp]:  # noqa: ARG002 - part of the contract
        """No entry of the history: attributes speak here."""
        return np.full(len(items), -1)

    def state(self) -> State:
        """The likenesses, the items' vectors and the features' names."""
        arrays = packed("weights", self.weights) | packed("vectors", self.vectors)
        return State(arrays, {"names": list(self.names)})

from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from reco_lab.algorithms._factors import Factors, Vectors, known
from reco_lab.algorithms._sampled import newton_step
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.features import Encoder
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import (
    Codes,
    Contributions,
    FitContext,
    Info,
    Recommender,
    Scorer,
    Scores,
    State,
)

MOST_DRAWS = 10


class MetadataFactors(Recommender):
    """Learns vectors of customers and items that are sums: one of their own plus one for each attribute.

    Customers without history are scored by their attributes, items nobody touched by theirs (their own part is
    that of the average item). A history replaces the customer's own part by one Newton step on the comparisons
    with the item vectors fixed; the attributes' part stays.
    """

    info: ClassVar[Info] = Info(
        label="Metadata factors",
        family="factors",
        summary=(
            "Describes customers and items by hidden traits that their attributes share: a new item starts with the "
            "traits of its category and price, a new customer with those of her age and region. The one to try "
            "where much of the shop is new; without attributes it is an ordinary factor model."
        ),
        paper=(
            "Kula: Metadata Embeddings for User and Item Cold-start Recommendations, CBRecSys 2015; "
            "Weston, Bengio, Usunier: WSABIE: Scaling Up to Large Vocabulary Image Annotation, IJCAI 2011 (WARP)"
        ),
        seeded=True,
    )
    factors: int = tunable(32, 1, 512, log=True, help="How many hidden traits")
    loss: Literal["warp", "bpr"] = tunable(
        "warp", help="Whether opponents are drawn until one comes close (warp) or just once (bpr)"
    )
    learning_rate: float = tunable(
        0.05, 1e-4, 1.0, log=True, help="How far the first comparisons move the vectors"
    )
    regularization: float = tunable(
        1e-5, 1e-8, 0.1, log=True, help="How strongly the vectors are held near zero"
    )
    epochs: int = tunable(15, 1, 200, log=True, help="How many rounds over all interactions")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn the vectors of all features, then what a history adds to its customer's attributes."""
        self.require(data)
        log = data.interactions
        encoder = Encoder(()) if data.customers is None else Encoder.learn(data.customers)
        attributes = described(encoder, data.customers, log.n_users)
        own_users, own_items = np.diff(log.user_starts) > 0, log.item_counts > 0
        table = data.items
        features = described(Encoder(()) if table is None else Encoder.learn(table), table, log.n_items)
        sides = (_with_own(own_users, attributes), _with_own(own_items, features))
        users, items = self._learn(sides, log.matrix, np.flatnonzero(own_items), ctx)
        items[: log.n_items][~own_items] = items[: log.n_items][own_items].mean(axis=0)
        whole = np.asarray(items[: log.n_items] + features @ items[log.n_items :], np.float32)
        vectors, biases = np.ascontiguousarray(whole[:, :-1]), np.ascontiguousarray(whole[:, -1])
        shared = np.ascontiguousarray(users[log.n_users :, :-1])
        with threadpool_limits(1, "blas"):
            popularity = log.item_counts / log.item_counts.sum()
            step = newton_step(users[: log.n_users, :-1], vectors, popularity, log.matrix)
            own = Factors.stepped(step, biases, log.matrix, ctx.threads)
        ctx.report(1.0, "fitted")
        return Described(own, encoder, shared, np.asarray(attributes @ shared, np.float32))

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        encoder = Encoder.from_dict(state.meta["encoder"])
        return Described(Factors.from_state(state.children[0]), encoder, **state.arrays)

    def _learn(
        self,
        sides: tuple[sparse.csr_matrix, sparse.csr_matrix],
        touched: sparse.csr_matrix,
        pool: NDArray[np.intp],
        ctx: FitContext,
    ) -> tuple[Vectors, Vectors]:
        from reco_lab.algorithms._kernels.metadata_factors import descend

        rng, model = ctx.rng(), []
        for side in sides:
            vectors = (rng.random((side.shape[1], self.factors + 1)) - 0.5) / self.factors
            vectors[:, -1] = 0
            lists = (
                side.indptr.astype(np.int32),
                side.indices.astype(np.int32),
                side.data.astype(np.float32),
            )
            model.append((*lists, vectors.astype(np.float32), np.ones(vectors.shape, np.float32)))
        owners = np.repeat(np.arange(touched.shape[0], dtype=np.int32), np.diff(touched.indptr))
        lists = (pool.astype(np.int32), touched.indptr.astype(np.int32), touched.indices.astype(np.int32))
        rates = (np.float32(self.learning_rate), np.float32(self.regularization))
        for epoch in range(self.epochs):
            ctx.report(epoch / (self.epochs + 1), f"round {epoch + 1} of {self.epochs}")
            order = rng.permutation(len(owners))
            pairs = (owners[order], touched.indices[order].astype(np.int32))
            seed = rng.integers(1, 2**63, dtype=np.uint64)
            descend(model[0], model[1], *pairs, *lists, seed, MOST_DRAWS, self.loss == "warp", *rates)
        return model[0][3], model[1][3]


class Described(Scorer):
    """Scores are a customer's vector times an item's plus its bias; hers is that of her attributes plus her history's.

    `shared` is float32 attributes x factors, `about` what it makes of each known customer's attributes.
    Attributes that come with a batch outrank those.
    """

    folds_in = True

    def __init__(self, own: Factors, encoder: Encoder, shared: Vectors, about: Vectors) -> None:
        self.own, self.encoder, self.shared, self.about = own, encoder, shared, about
        self.n_items = own.n_items

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Customers x items: vector times vector plus the item's bias."""
        chosen = slice(None) if items is None else items
        scores = (self.own.vectors(batch) + self.place(batch)) @ self.own.items[chosen].T
        scores += self.own.biases[chosen]
        return np.asarray(scores, np.float32)

    def place(self, batch: UserBatch) -> Vectors:
        """What the customers' attributes add to their vectors: customers x factors."""
        if batch.attributes is not None:
            given = described(self.encoder, batch.attributes, len(batch)) @ self.shared
            return np.asarray(given, np.float32)
        place = np.zeros((len(batch), self.shared.shape[1]), np.float32)
        inside = known(batch, np.ones(len(self.about), np.bool_))
        place[inside] = self.about[batch.codes[inside]]
        return place

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Customers with a history, known ones, and those of whom an attribute is known."""
        return self.own.answers(batch) | self.place(batch).any(axis=1)

    def bases(self, batch: UserBatch) -> list[Stage]:
        """Her history, or her attributes where there is none."""
        return [Stage.model if one else Stage.attributes for one in self.own.answers(batch).tolist()]

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions | None:
        """What each history entry adds; the base is the item's bias and what the attributes add."""
        told = self.own.contributions(batch, items)
        if told is None:
            return None
        return Contributions(told.weights, told.base + (self.place(batch) @ self.own.items[items].T)[0])

    def state(self) -> State:
        """The model of histories as a child, the attributes' encoding and vectors."""
        arrays = {"shared": self.shared, "about": self.about}
        return State(arrays, {"encoder": self.encoder.to_dict()}, children=(self.own.state(),))


def described(encoder: Encoder, table: pd.DataFrame | None, count: int) -> sparse.csr_matrix:
    """The rows' attributes as float32 rows x features of length 1 (0 where nothing is known)."""
    if table is None or not encoder.encodings:
        return sparse.csr_matrix(np.zeros((count, 0), np.float32))
    encoded: Any = encoder.apply(table)
    lengths = np.sqrt(np.asarray(encoded.multiply(encoded).sum(axis=1)).ravel())
    scaled: sparse.csr_matrix = sparse.csr_matrix(
        sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ encoded, dtype=np.float32
    )
    scaled.eliminate_zeros()
    return scaled


def _with_own(own: NDArray[np.bool_], attributes: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows x (rows + features): a feature of its own for each row that was learnt from, then its attributes."""
    return sparse.csr_matrix(
        sparse.hstack([sparse.diags(own.astype(np.float32)), attributes]), dtype=np.float32
    )

"""Models that predict ratings: what customers and items deviate by, and the vectors beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._factors import Factors, products
from reco_lab.core.batch import UserBatch
from reco_lab.core.events import Stage
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.ordering import latest
from reco_lab.core.recommender import Codes, Scorer, Scores, State

Numbers = NDArray[np.float64]
SCALE = ("mean", "low", "high")


@dataclass(frozen=True, eq=False)
class Biases:
    """The mean rating and what each customer and item deviate from it (0 where it was never seen), on a scale."""

    mean: float
    users: Numbers
    items: Numbers
    low: float
    high: float

    def of(self, codes: Codes) -> Numbers:
        """The mean plus the deviation of each customer; strangers (-1) and codes beyond the fit get the mean."""
        inside = (codes >= 0) & (codes < len(self.users))
        return self.mean + np.where(inside, self.users[np.where(inside, codes, 0)], 0.0)

    def clip(self, ratings: Numbers) -> NDArray[np.float32]:
        """Ratings held within the scale, as float32."""
        return np.clip(ratings, self.low, self.high).astype(np.float32)

    def state(self) -> State:
        """The biases as plain data."""
        return State(
            {"users": self.users, "items": self.items}, {name: getattr(self, name) for name in SCALE}
        )

    @classmethod
    def from_state(cls, state: State) -> "Biases":
        """The biases that `state` describes."""
        return cls(users=state.arrays["users"], items=state.arrays["items"], **state.meta)


class RatingFactors(Scorer):
    """Scores are predicted ratings: the biases plus the product of two vectors; strangers get the biases alone."""

    folds_in = False

    def __init__(self, biases: Biases, factors: Factors) -> None:
        self.biases, self.factors = biases, factors
        self.n_items = factors.n_items
        self.basis = Stage.model if factors.items.shape[1] else Stage.popular

    @classmethod
    def learn(cls, biases: Biases, users: Numbers, items: Numbers, log: Interactions) -> "RatingFactors":
        """The scorer with these vectors; those of whom nobody rated, and of what, become zeros."""
        seen = [
            np.bincount(codes, minlength=len(vectors))[:, None] > 0
            for codes, vectors in ((log.users, users), (log.items, items))
        ]
        vectors = ((users * seen[0]).astype(np.float32), (items * seen[1]).astype(np.float32))
        return cls(biases, Factors(*vectors, biases.items.astype(np.float32), seen[0][:, 0]))

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Predicted ratings, not held to the scale."""
        return self.factors.score(batch, items) + self.biases.of(batch.codes)[:, None].astype(np.float32)

    def predict(self, batch: UserBatch, owners: Codes, items: Codes) -> Scores:
        """Predicted ratings of these pairs, held within the scale."""
        interest = products(owners, items, self.factors.vectors(batch), self.factors.items)
        return self.biases.clip(self.biases.of(batch.codes)[owners] + self.biases.items[items] + interest)

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """The customers who rated something."""
        return self.factors.answers(batch)

    def state(self) -> State:
        """The biases and the vectors, as children."""
        return State({}, children=(self.biases.state(), self.factors.state()))

    @classmethod
    def from_state(cls, state: State) -> "RatingFactors":
        """The scorer with this state."""
        biases, factors = state.children
        return cls(Biases.from_state(biases), Factors.from_state(factors))


def rated(batch: UserBatch, n_items: int, liking: float) -> sparse.csr_matrix:
    """The latest rating of each item by each customer of the batch: float32 customers x items, sorted.

    Of a customer who rated nothing all entries count as ratings of `liking`; else only ratings count.
    """
    stars = batch.kinds == Kind.rating
    silent = np.bincount(batch.owners[stars], minlength=len(batch)) == 0
    heard = np.flatnonzero(stars | silent[batch.owners])
    keys = batch.owners[heard] * np.int64(n_items) + batch.items[heard]
    rows = heard[latest(keys)]
    values = np.where(stars[rows], batch.values[rows], liking).astype(np.float32)
    indptr = np.searchsorted(batch.owners[rows], np.arange(len(batch) + 1)).astype(np.int32)
    return sparse.csr_matrix((values, batch.items[rows], indptr), shape=(len(batch), n_items))

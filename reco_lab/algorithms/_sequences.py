"""Histories in the order of time: what is recent counts more, and how a fading history becomes scores."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._shapes import packed, rows_of, unpacked
from reco_lab.algorithms._similarity import dots
from reco_lab.core.batch import UserBatch
from reco_lab.core.ordering import latest
from reco_lab.core.recommender import Codes, Contributions, Scorer, Scores, State

DAY = np.timedelta64(1, "D")
LARGEST_TABLE, CROWDED = 1 << 25, 0.1


@dataclass(frozen=True)
class Fade:
    """How much an entry of a history counts by its age: `keeps` of it is left after each `unit`.

    A place is a moment at which the customer did something else later on; days are counted back from her
    latest entry. An item counts once, by its latest entry. Where no times are known, order stands for places
    and days do not pass.
    """

    unit: Literal["places", "days"]
    keeps: float

    def of(self, batch: UserBatch) -> NDArray[np.float64]:
        """What each entry of the histories counts: 1 for the latest, 0 for those of an item that came again."""
        last, found = _latest(batch), np.zeros(len(batch.items))
        found[last] = self._left(batch)[last]
        return found

    def matrix(self, batch: UserBatch, n_items: int) -> sparse.csr_matrix:
        """The histories as float32 customers x items of these weights, indices sorted."""
        last, weights = _latest(batch), self._left(batch)
        kept = last[weights[last] > 0]
        starts = np.searchsorted(batch.owners[kept], np.arange(len(batch) + 1)).astype(np.int32)
        entries = (weights[kept].astype(np.float32), batch.items[kept], starts)
        return sparse.csr_matrix(entries, shape=(len(batch), n_items))

    def _left(self, batch: UserBatch) -> NDArray[np.float64]:
        """What is left of each entry by its age."""
        ages = places_back(batch) if self.unit == "places" else days_back(batch)
        return np.asarray(np.power(self.keeps, ages), np.float64)


class Fading(Scorer):
    """Scores are the history's entries, faded, times a float32 CSR items x items, plus a share of popularity.

    `weights[i, j]` is what item i adds to item j, `doubts[i]` how much of the items' `popularity` it adds to all.
    A matrix with few zeros multiplies several times as fast as a table, which is kept beside it.
    """

    folds_in = True

    def __init__(
        self,
        weights: sparse.csr_matrix,
        fade: Fade,
        doubts: NDArray[np.float32],
        popularity: NDArray[np.float32],
    ) -> None:
        self.weights, self.fade, self.doubts, self.popularity = weights, fade, doubts, popularity
        self.n_items = int(weights.shape[1])
        entries = self.n_items * int(weights.shape[0])
        crowded = entries <= LARGEST_TABLE and weights.nnz > entries * CROWDED
        self._table: Any = weights.toarray() if crowded else weights

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The faded sum of the weights of the distinct items in each history."""
        history = self.fade.matrix(batch, self.n_items)
        chosen: Any = slice(None) if items is None else items
        scores = dots(history, self._table if items is None else self._table[:, items])
        scores += (history @ self.doubts)[:, None] * self.popularity[chosen]
        return scores

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """Each history entry's own part; an item that came again counts at its latest entry."""
        told = rows_of(self.weights, batch.items)[:, items]
        told += self.doubts[batch.items][:, None] * self.popularity[items]
        weights = told * self.fade.of(batch)[:, None]
        return Contributions(weights.astype(np.float32), np.zeros(len(items), np.float32))

    def state(self) -> State:
        """The matrix and the two lists of numbers."""
        arrays = packed("weights", self.weights) | {"doubts": self.doubts, "popularity": self.popularity}
        return State(arrays, vars(self.fade))

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The scorer with this state."""
        arrays = state.arrays
        return cls(unpacked("weights", state), Fade(**state.meta), arrays["doubts"], arrays["popularity"])


def places_back(batch: UserBatch) -> NDArray[np.int64]:
    """How many later moments each entry's history has; entries of one moment share their place."""
    if not len(batch.items):
        return np.zeros(0, np.int64)
    later = np.ones(len(batch.items), np.int64)
    if batch.times is not None:
        later[:-1] = batch.times[1:] != batch.times[:-1]
    moments = np.concatenate(([0], np.cumsum(later)))  # the moments that ended before each entry
    return np.asarray(moments[batch.indptr[1:][batch.owners] - 1] - moments[:-1], np.int64)


def days_back(batch: UserBatch) -> NDArray[np.float64]:
    """How many days before the customer's latest entry each one is; 0 where times are not known."""
    if batch.times is None or not len(batch.items):
        return np.zeros(len(batch.items))
    latest = batch.times[batch.indptr[1:][batch.owners] - 1]
    return np.asarray((latest - batch.times) / DAY, np.float64)


def _latest(batch: UserBatch) -> NDArray[np.intp]:
    """Where the last entry of each item in each history stands, by customer and item."""
    return latest(batch.owners * (np.int64(batch.highest) + 1) + batch.items)

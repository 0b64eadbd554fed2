"""Ratings predicted from those of the customers who rated alike."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._factors import known
from reco_lab.algorithms._ratings import Biases, Numbers
from reco_lab.algorithms._shapes import packed, unpacked
from reco_lab.core.batch import UserBatch
from reco_lab.core.interactions import Interactions
from reco_lab.core.ranking import blocks
from reco_lab.core.recommender import Codes, Scorer, Scores, State

WHY_NO_FOLD_IN = (
    "likeness is taken from ratings, and a history alone says what was touched, not how it was rated"
)


def matrix_of(log: Interactions, values: NDArray[Any]) -> sparse.csr_matrix:
    """A number for each rating as float64 customers x items, zeros included."""
    shape = (log.n_users, log.n_items)
    return sparse.csr_matrix((values.astype(np.float64), (log.users, log.items)), shape=shape)


def customer_means(log: Interactions) -> Biases:
    """The mean rating and what each customer's own mean is above it; 0 for who rated nothing."""
    values = log.values.astype(np.float64)
    mean, counts = float(values.mean()), np.bincount(log.users, minlength=log.n_users)
    sums = np.bincount(log.users, values - mean, minlength=log.n_users)
    above = sums / np.maximum(counts, 1)
    return Biases(mean, above, np.zeros(log.n_items), float(values.min()), float(values.max()))


class LikeMinded(Scorer):
    """Scores are predicted ratings: the baseline plus the weighted deviations of the k most alike raters of an item.

    Customers are alike where their common ratings are: 1 / (1 + mean squared difference), computed when asked
    for, which needs no table of all pairs of customers. `ratings` is float64 CSR customers x items with an
    entry a rating, zero ratings included. Deviations are in units of each customer's `spreads`.
    """

    folds_in = False

    def __init__(
        self, biases: Biases, spreads: Numbers, ratings: sparse.csr_matrix, neighbours: int, fewest: int
    ) -> None:
        self.biases, self.spreads, self.ratings = biases, spreads, ratings
        self.neighbours, self.fewest = neighbours, fewest
        self.n_items = int(ratings.shape[1])
        self._across: Any = ratings.tocsc()
        self._touched, self._squared = ratings.copy(), ratings.copy()
        self._touched.data, self._squared.data = np.ones_like(ratings.data), ratings.data**2
        self._others: Any = sparse.hstack([self._touched, self._squared, ratings], format="csr").T
        self._seen = np.diff(ratings.indptr) > 0

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Predicted ratings, not held to the scale."""
        columns = np.arange(self.n_items) if items is None else np.asarray(items)
        scores = self.biases.of(batch.codes)[:, None] + self.biases.items[columns]
        rows = np.flatnonzero(self.answers(batch))
        for start, stop in blocks(len(rows), 2 * self.ratings.shape[0]):
            part = rows[start:stop]
            alike = self._likeness(batch.codes[part])
            for place, item in enumerate(columns):
                scores[part, place] += self.spreads[batch.codes[part]] * self._deviations(alike, item)
        return scores.astype(np.float32)

    def predict(self, batch: UserBatch, owners: Codes, items: Codes) -> Scores:
        """Predicted ratings of these pairs, held within the scale."""
        ratings = self.biases.of(batch.codes)[owners] + self.biases.items[items]
        rows = np.flatnonzero(self.answers(batch))
        for start, stop in blocks(len(rows), 2 * self.ratings.shape[0]):
            alike = self._likeness(batch.codes[rows[start:stop]])
            places = np.full(len(batch), -1)
            places[rows[start:stop]] = np.arange(len(alike))
            pairs = np.flatnonzero(places[owners] >= 0)
            pairs = pairs[np.argsort(items[pairs], kind="stable")]
            for group in np.split(pairs, np.flatnonzero(np.diff(items[pairs])) + 1):
                above = self._deviations(alike[places[owners[group]]], items[group[0]])
                ratings[group] += self.spreads[batch.codes[owners[group]]] * above
        return self.biases.clip(ratings)

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """The customers who rated something."""
        return known(batch, self._seen)

    def state(self) -> State:
        """The ratings as the arrays of a CSR and the spreads, the biases as a child."""
        arrays = packed("ratings", self.ratings) | {"spreads": self.spreads}
        meta = {"neighbours": self.neighbours, "fewest": self.fewest}
        return State(arrays, meta, children=(self.biases.state(),))

    @classmethod
    def from_state(cls, state: State) -> "LikeMinded":
        """The scorer with this state."""
        biases = Biases.from_state(state.children[0])
        return cls(biases, state.arrays["spreads"], unpacked("ratings", state), **state.meta)

    def _likeness(self, codes: NDArray[np.int32]) -> Numbers:
        """How alike these customers and all others rate: 1 / (1 + mean squared difference), 0 with nothing in common."""
        touched = self._touched[codes]
        asked = sparse.hstack([self._squared[codes], touched, -2 * self.ratings[codes]], format="csr")
        differences = (asked @ self._others).toarray()
        common = (touched @ self._touched.T).toarray()
        likeness: Numbers = common / np.maximum(differences + common, 1)
        return likeness

    def _deviations(self, alike: Numbers, item: int) -> Numbers:
        """What the nearest raters of an item add to its baseline, for each customer that `alike` has a row of."""
        rows = slice(self._across.indptr[item], self._across.indptr[item + 1])
        raters = self._across.indices[rows]
        if not len(raters):
            return np.zeros(len(alike))
        above = (self._across.data[rows] - self.biases.of(raters) - self.biases.items[item]) / self.spreads[
            raters
        ]
        near = alike[:, raters]
        if len(raters) > self.neighbours:
            near = near * _nearest(near, self.neighbours)
        total = near.sum(axis=1)
        enough = (total > 0) & ((near > 0).sum(axis=1) >= self.fewest)
        return np.where(enough, near @ above / np.where(enough, total, 1.0), 0.0)


def _nearest(near: Numbers, k: int) -> NDArray[np.bool_]:
    """Marks the k largest of each row; of equal ones the first."""
    cut = np.partition(near, near.shape[1] - k, axis=1)[:, -k][:, None]
    above, at = near > cut, near == cut
    room = k - above.sum(axis=1, keepdims=True)
    return np.asarray(above | (at & (at.cumsum(axis=1) <= room)))

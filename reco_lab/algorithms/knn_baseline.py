from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._factors import known
from reco_lab.algorithms._ratings import Biases, Numbers
from reco_lab.algorithms._surprise import Ratings, baselines
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.ranking import blocks
from reco_lab.core.recommender import Codes, FitContext, Info, Need, Recommender, Scorer, Scores, State


class KNNBaseline(Recommender):
    """Predicts a rating as its baseline plus what the k most alike customers gave above or below theirs.

    Customers are alike where their common ratings are: 1 / (1 + mean squared difference). Surprise's
    default model; the baselines are read from it, likeness and neighbourhoods are computed when asked
    for, which needs no table of all pairs of customers.
    """

    info: ClassVar[Info] = Info(
        label="k-NN baseline",
        family="ratings",
        summary=(
            "Predicts a customer's stars from the stars of those who rated like her, corrected for strict and "
            "generous customers and for loved and hated items. Good ratings, easy to explain, slow on many "
            "customers."
        ),
        paper="Koren: Factor in the Neighbors: Scalable and Accurate Collaborative Filtering, TKDD 2010",
        needs=(Need.ratings,),
        folds_in=False,
        folds_in_why="likeness is taken from ratings, and a history alone says what was touched, not how it was rated",
        rates=True,
    )
    neighbours: int = tunable(40, 1, 1000, log=True, help="How many alike customers are asked")
    fewest: int = tunable(1, 1, 100, help="With fewer neighbours than this the baseline stands alone")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn the baselines from the latest rating of each pair and keep the ratings."""
        self.require(data)
        ctx.report(0.0, "started")
        log = data.interactions.ratings
        biases = baselines(Ratings(log, ctx, 1))
        ctx.report(1.0, "fitted")
        shape = (log.n_users, log.n_items)
        values = log.values.astype(np.float64)
        ratings = sparse.csr_matrix((values, (log.users, log.items)), shape=shape)
        return LikeMinded(biases, ratings, self.neighbours, self.fewest)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        arrays, (biases,) = state.arrays, state.children
        parts = (arrays["values"], arrays["indices"], arrays["indptr"])
        shape = (len(biases.arrays["users"]), len(biases.arrays["items"]))
        return LikeMinded(Biases.from_state(biases), sparse.csr_matrix(parts, shape=shape), **state.meta)


class LikeMinded(Scorer):
    """Scores are predicted ratings: the baseline plus the weighted deviations of the k most alike raters of an item.

    `ratings` is float64 CSR customers x items with an entry a rating, zero ratings included.
    """

    folds_in = False

    def __init__(self, biases: Biases, ratings: sparse.csr_matrix, neighbours: int, fewest: int) -> None:
        self.biases, self.ratings, self.neighbours, self.fewest = biases, ratings, neighbours, fewest
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
                scores[part, place] += self._deviations(alike, item)
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
                ratings[group] += self._deviations(alike[places[owners[group]]], items[group[0]])
        return self.biases.clip(ratings)

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """The customers who rated something."""
        return known(batch, self._seen)

    def state(self) -> State:
        """The ratings as the arrays of a CSR, the biases as a child."""
        arrays = {"values": self.ratings.data, "indices": self.ratings.indices, "indptr": self.ratings.indptr}
        meta = {"neighbours": self.neighbours, "fewest": self.fewest}
        return State(arrays, meta, children=(self.biases.state(),))

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
        above = self._across.data[rows] - self.biases.of(raters) - self.biases.items[item]
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

"""The shapes that most fitted models have: plain arrays that score customers."""

from functools import cache, cached_property
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._factors import signed
from reco_lab.algorithms._similarity import (
    Side,
    Similarity,
    Weigher,
    csr_parts,
    dots,
    dots_of_ones,
    loopable,
    squares,
    sums_of,
)
from reco_lab.core.batch import UserBatch
from reco_lab.core.events import Stage
from reco_lab.core.progress import Report
from reco_lab.core.ranking import blocks
from reco_lab.core.recommender import Codes, Contributions, Scorer, Scores, State

ASKED_A_CUSTOMER = 4  # times k: where many tie, more are asked

Matrix = NDArray[np.float32] | sparse.csr_matrix


@cache
def _loops() -> ModuleType:
    """The compiled sums, which a live answer asks for twice and an import would look up each time."""
    from reco_lab.algorithms._kernels import sums

    return sums


class SameForAll(Scorer):
    """The same scores for everybody, strangers included: float32, one an item."""

    folds_in = True
    basis = Stage.popular

    def __init__(self, scores: NDArray[Any]) -> None:
        self.scores: Scores = np.asarray(scores, np.float32)
        self.n_items = len(self.scores)

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The item scores, once a customer."""
        row = self.scores if items is None else self.scores[items]
        return np.repeat(row[None, :], len(batch), axis=0)

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Everybody: no history is needed."""
        return np.ones(len(batch), np.bool_)

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """Nothing from the history, all from the item."""
        return Contributions(np.zeros((len(batch.items), len(items)), np.float32), self.scores[items])

    def state(self) -> State:
        """One array."""
        return State({"scores": self.scores})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The scorer with this state."""
        return cls(state.arrays["scores"])


class ItemToItem(Scorer):
    """Scores are the history as zeros and ones times a float32 items x items matrix, an array or CSR.

    `weights[i, j]` is what having touched item i adds to the score of item j.
    """

    folds_in = True

    def __init__(self, weights: Matrix) -> None:
        self.weights: Any = weights
        self.n_items = int(weights.shape[1])
        self._sparse = sparse.issparse(weights)

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The sum of the weights of the distinct items in each history."""
        if items is None and len(batch) == 1 and self._sparse and batch.highest < self.n_items:
            return self._of_one(batch.items)
        weights = self.weights if items is None else self.weights[:, items]
        starts, codes = batch.distinct(self.n_items)
        return sums_of(starts, codes, np.ones(len(codes), np.float32), weights)

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """Each history item's own weight; a repeated item counts at its first entry."""
        base = np.zeros(len(items), np.float32)
        if self._sparse:
            return Contributions(self._parts_of_one(batch.items, items), base)
        weights = self.weights[np.ix_(batch.items, items)]
        return Contributions(weights * first_entries(batch)[:, None], base)

    def loudest(self, batch: UserBatch, items: Codes) -> NDArray[np.intp]:
        """As the contributions say, without making them where the matrix is sparse."""
        if not self._sparse:
            return super().loudest(batch, items)
        rows = np.empty(len(items), np.intp)
        _loops().loudest_of_one(
            loopable(batch.items, np.int32), loopable(items, np.int32), *self._table, rows
        )
        return rows

    def _of_one(self, history: Codes) -> Scores:
        """The same sums for one customer, without the arrays that many need: a live answer waits for this."""
        sums = np.zeros((1, self.n_items), np.float32)
        _loops().of_one(loopable(history, np.int32), *self._table, sums[0])
        return sums

    def _parts_of_one(self, history: Codes, items: Codes) -> NDArray[np.float32]:
        """Each history item's own weight for one customer, likewise."""
        parts = np.zeros((len(history), len(items)), np.float32)
        _loops().parts_of_one(loopable(history, np.int32), loopable(items, np.int32), *self._table, parts)
        return parts

    @cached_property
    def _table(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
        """The weights as compiled loops want them, the columns of each row in their order."""
        weights = self.weights
        return csr_parts(weights if weights.has_sorted_indices else weights.sorted_indices())

    def state(self) -> State:
        """The matrix, as one array or as the three of a CSR."""
        return State(packed("weights", self.weights))

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The scorer with this state."""
        return cls(unpacked("weights", state))


class Neighbours(Scorer):
    """Scores are what like-minded customers touched, each customer of `train` weighed by likeness.

    A customer of `train` is asked if the one in question is among her k nearest (she listens, the other
    speaks, where that makes a difference): if their likeness is above her bar, her k-th highest likeness to
    anybody. Those who tie at the bar share what places it leaves. The own row of a customer is left out, as
    are rows of exactly the same items: they have nothing to add, and so a history scores the same with and
    without the code of its customer. `asked` holds whom to ask for those of `train` while their history is
    what it was; where that takes too much memory it is None.
    """

    folds_in = True

    def __init__(
        self,
        train: sparse.csr_matrix,
        similarity: Similarity,
        weigher: Weigher,
        bars: NDArray[np.float64],
        shares: NDArray[np.float64],
        asked: sparse.csr_matrix | None = None,
    ) -> None:
        self.train, self.similarity, self.weigher = train, similarity, weigher
        self.bars, self.shares, self.asked = bars, shares, asked
        self.n_items = int(train.shape[1])
        self._profiles = weigher.apply(train)
        self._squares = squares(self._profiles)
        self._signatures = signed(train.indices, 1, train.indptr)
        self._across: Any = self._profiles.T.tocsr()
        self._plain: Any = self._across if weigher.weighting == "none" else train.T.tocsr()

    @classmethod
    def learn(
        cls,
        train: sparse.csr_matrix,
        similarity: Similarity,
        weigher: Weigher,
        k: int,
        report: Report,
    ) -> Self:
        """Find every customer's bar and whom to ask for her, in blocks of bounded memory."""
        count, listening, room = train.shape[0], [], ASKED_A_CUSTOMER * k * train.shape[0]
        bars, shares = np.zeros(count), np.ones(count)
        scorer = cls(train, similarity, weigher, bars, shares)
        for start, stop in blocks(count, count):
            similar = scorer.alike(train[start:stop], np.arange(start, stop), "rows")
            if k < count:
                bars[start:stop] = np.partition(similar, count - k, axis=1)[:, count - k]
            bar = bars[start:stop, None]
            shares[start:stop] = (k - (similar > bar).sum(axis=1)) / (similar == bar).sum(axis=1).clip(1)
            if room > 0:
                listening.append(_heard(similar, bar, shares[start:stop, None]))
                room -= listening[-1].nnz
            report(stop / count, f"compared {stop} of {count} customers")
        asked = sparse.vstack(listening, format="csc").T if room > 0 and listening else None
        return cls(train, similarity, weigher, bars, shares, asked)

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The neighbours' items weighed by likeness, in blocks of bounded memory."""
        touched = self.train if items is None else self.train[:, items]
        scores = np.zeros((len(batch), touched.shape[1]), np.float32)
        for start, stop in blocks(len(batch), self.train.shape[0]):
            scores[start:stop] = dots_of_ones(self.neighbours(batch.rows(start, stop)), touched)
        return scores

    def neighbours(self, batch: UserBatch) -> sparse.csr_matrix:
        """The weights of the customers who are asked: customers of the batch x customers of `train`."""
        history, codes = batch.matrix(self.n_items), batch.codes
        same = self._unchanged(history, codes)
        if self.asked is None or not same.any():
            return self._compared(history, codes)
        stored = self.asked[codes[same]]
        if same.all():
            return stored
        other = self._compared(history[~same], codes[~same])
        places = np.argsort(np.concatenate((np.flatnonzero(same), np.flatnonzero(~same))))
        together: sparse.csr_matrix = sparse.vstack((stored, other), format="csr")
        return sparse.csr_matrix(together[places])

    def _unchanged(self, history: sparse.csr_matrix, codes: Codes) -> NDArray[np.bool_]:
        """Whose history is that of her code in `train`."""
        inside = (codes >= 0) & (codes < self.train.shape[0])
        mine = signed(history.indices, 1, history.indptr)
        return np.asarray(inside & (mine == self._signatures[np.where(inside, codes, 0)]), np.bool_)

    def _compared(self, history: sparse.csr_matrix, codes: Codes) -> sparse.csr_matrix:
        """The weights of the customers who are asked, found by comparing these histories with everyone's."""
        return _heard(self.alike(history, codes, "columns"), self.bars, self.shares)

    def alike(self, history: sparse.csr_matrix, codes: Codes, listening: Side) -> NDArray[np.float64]:
        """How alike these 0/1 histories are to everyone in `train`; 0 to themselves."""
        profiles = self.weigher.apply(history)
        products = dots(profiles, self._across)
        similar = self.similarity.of(products, squares(profiles), self._squares, listening)
        shared = products if self._plain is self._across else dots(history, self._plain)
        lengths, others = np.diff(history.indptr), np.diff(self.train.indptr)
        similar[(shared == lengths[:, None]) & (shared == others)] = 0
        known = np.flatnonzero((codes >= 0) & (codes < self.train.shape[0]))
        similar[known, codes[known]] = 0
        return similar

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """Each history item's part in the likeness of the customers who are asked."""
        near = self.neighbours(batch)
        asked, profile = near.indices, self.weigher.apply(batch.matrix(self.n_items))
        common = rows_of(self._profiles, asked)[:, batch.items]
        common *= rows_of(profile, np.zeros(1, np.int64))[:, batch.items] * first_entries(batch)
        parts = common * (near.data / common.sum(axis=1))[:, None]
        return Contributions(parts.T @ rows_of(self.train, asked)[:, items], np.zeros(len(items), np.float32))

    def state(self) -> State:
        """The training matrix with everybody's bar and whom to ask; weights of entries are computed again."""
        weigher, meta = self.weigher, dict(vars(self.similarity))
        asked = {} if self.asked is None else packed("asked", self.asked)
        return State(
            packed("train", self.train) | {"bars": self.bars, "shares": self.shares} | asked,
            meta | {"weighting": weigher.weighting, "k1": weigher.k1, "b": weigher.b},
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The scorer with this state."""
        train, meta = unpacked("train", state), state.meta
        weigher = Weigher.learn(train, meta["weighting"], meta["k1"], meta["b"])
        similarity = Similarity(meta["kind"], meta["shrink"], meta["alpha"], meta["beta"])
        asked = unpacked("asked", state) if "asked_data" in state.arrays else None
        return cls(train, similarity, weigher, state.arrays["bars"], state.arrays["shares"], asked)


def _heard(similar: NDArray[np.float64], bars: Any, shares: Any) -> sparse.csr_matrix:
    """The likenesses that reach the bars as float32 CSR; those at a bar count their share."""
    rows, columns = np.nonzero((similar >= bars) & (similar > 0))
    values = similar[rows, columns]
    at_bar = values <= np.broadcast_to(bars, similar.shape)[rows, columns]
    values[at_bar] *= np.broadcast_to(shares, similar.shape)[rows[at_bar], columns[at_bar]]
    return sparse.csr_matrix((values.astype(np.float32), (rows, columns)), shape=similar.shape)


def first_entries(batch: UserBatch) -> NDArray[np.float32]:
    """1 for the first entry of each item in one customer's history, 0 for its repetitions."""
    items = batch.items
    if not len(items):
        return np.zeros(0, np.float32)
    places = np.arange(len(items))
    first = np.empty(batch.highest + 1, np.intp)
    first[items[::-1]] = places[::-1]  # of several, the last one written stays
    return np.asarray(first[items] == places, np.float32)


def rows_of(matrix: Any, rows: Codes) -> NDArray[np.float32]:
    """These rows of an array or a CSR, as an array."""
    taken = matrix[rows]
    return np.asarray(taken if isinstance(taken, np.ndarray) else taken.toarray(), np.float32)


def packed(name: str, matrix: Any) -> dict[str, NDArray[Any]]:
    """An array, or the three arrays and the shape of a CSR, under names that begin with this one."""
    if isinstance(matrix, np.ndarray):
        return {name: matrix}
    parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr}
    return {f"{name}_{part}": array for part, array in parts.items()} | {
        f"{name}_shape": np.asarray(matrix.shape)
    }


def unpacked(name: str, state: State) -> Any:
    """What `packed` wrote."""
    if name in state.arrays:
        return state.arrays[name]
    data, indices, indptr, shape = (
        state.arrays[f"{name}_{part}"] for part in ("data", "indices", "indptr", "shape")
    )
    return sparse.csr_matrix((data, indices, indptr), shape=(int(shape[0]), int(shape[1])))

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._factors import known
from reco_lab.algorithms._like_minded import customer_means, matrix_of
from reco_lab.algorithms._ratings import Biases, Numbers, rated
from reco_lab.algorithms._shapes import packed, unpacked
from reco_lab.algorithms._similarity import dots, overlaps
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.recommender import Codes, FitContext, Info, Need, Recommender, Scorer, Scores, State

DENSE = 0.1


class SlopeOne(Recommender):
    """Predicts a rating as the customer's mean plus how much higher the item is rated than what she rated.

    The differences are means over the customers who rated both items, as in Surprise, but by products of sparse
    matrices and without cutting half stars off.
    """

    info: ClassVar[Info] = Info(
        label="Slope One",
        family="baseline",
        summary=(
            "Predicts stars by plain differences: who rates both gives this film half a star more than that one, "
            "so add half a star. Nothing to tune and easy to explain. The differences are averages over everybody, "
            "so that it cannot tell two camps of taste apart, and its lists favour items that a few rated high."
        ),
        paper="Lemire, Maclachlan: Slope One Predictors for Online Rating-Based Collaborative Filtering, SDM 2005",
        needs=(Need.ratings,),
        rates=True,
    )
    cost: ClassVar[tuple[str, ...]] = ("once", "item pairs", "items squared")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Average the differences between each two items over those who rated both."""
        self.require(data)
        ctx.report(0.0, "started")
        log = data.interactions.ratings
        touched, above = log.matrix.astype(np.float64), matrix_of(log, log.values)
        above.data += 1 - above.data.min()  # no entry is zero, so that all products have the same entries
        both, gained = (sparse.csr_matrix(touched.T @ right) for right in (touched, above))
        given = sparse.csr_matrix(gained.T)
        for matrix in (both, gained, given):
            matrix.sort_indices()
        ctx.report(0.5, "pairs of items counted")
        shift, common = gained.astype(np.float32), both.astype(np.float32)
        shift.data[:] = (gained.data - given.data) / both.data
        common.data[:] = 1
        scorer = Slopes(customer_means(log), log.matrix, _compact(shift), _compact(common))
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        matrices = (unpacked(name, state) for name in ("touched", "shift", "common"))
        return Slopes(Biases.from_state(state.children[0]), *matrices)


class Slopes(Scorer):
    """Scores are predicted ratings: a mean plus the mean shift from the items in the history, as an array or CSR.

    `shift[j, i]` is how much higher item i is rated than j, `common[j, i]` 1 where anybody rated both. `touched`
    are the histories of known customers, for a code that comes without one.
    """

    folds_in = True

    def __init__(self, means: Biases, touched: sparse.csr_matrix, shift: Any, common: Any) -> None:
        self.means, self.touched, self.shift, self.common = means, touched, shift, common.astype(np.uint8)
        self.n_items, self._seen = int(touched.shape[1]), np.diff(touched.indptr) > 0

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Predicted ratings, not held to the scale."""
        touched, means = self._given(batch)
        chosen = slice(None) if items is None else items
        scores, counts = dots(touched, self.shift[:, chosen]), overlaps(touched, self.common[:, chosen])
        scores /= np.maximum(counts, 1, out=counts)
        return np.add(scores, means[:, None], out=scores, dtype=np.float64, casting="same_kind")

    def predict(self, batch: UserBatch, owners: Codes, items: Codes) -> Scores:
        """Predicted ratings of these pairs, held within the scale."""
        return self.means.clip(self.score(batch)[owners, items].astype(np.float64))

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Customers with a history, here or when it was fitted."""
        return known(batch, self._seen) | (batch.lengths > 0)

    def state(self) -> State:
        """The matrices, the means as a child."""
        arrays = packed("touched", self.touched) | packed("shift", self.shift)
        return State(arrays | packed("common", self.common), children=(self.means.state(),))

    def _given(self, batch: UserBatch) -> tuple[sparse.csr_matrix, Numbers]:
        """Who touched what, as zeros and ones, and everybody's mean; a history outranks the code."""
        history = rated(batch, self.n_items, self.means.mean)
        counts = np.diff(history.indptr)
        totals = np.asarray(history.sum(axis=1, dtype=np.float64)).ravel()
        means = np.where(counts > 0, totals / np.maximum(counts, 1), self.means.of(batch.codes))
        history.data[:] = 1
        rows = np.flatnonzero((counts == 0) & known(batch, self._seen))
        if len(rows):
            places = (np.ones(len(rows), np.float32), (rows, batch.codes[rows]))
            stored = sparse.csr_matrix(places, shape=(len(batch), self.touched.shape[0])) @ self.touched
            history = sparse.csr_matrix(history + stored)
        return history, means


def _compact(matrix: sparse.csr_matrix) -> Any:
    """The matrix as an array where a tenth of it or more is filled."""
    return matrix.toarray() if matrix.nnz > DENSE * matrix.shape[0] * matrix.shape[1] else matrix

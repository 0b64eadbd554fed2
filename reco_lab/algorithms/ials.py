from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from reco_lab.algorithms._factors import Factors, HalfStep, Ridge, Vectors, Weighting, occurrences
from reco_lab.algorithms._similarity import csr_parts
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.ranking import spread
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State

START, STEPS, ROWS = 0.1, 2, 256
A_LINE = 64
MOST_STEPS, NEXT_TO_NOTHING = 24, 1e-6


class ImplicitALS(Recommender):
    """Factorises the customers x items matrix so that what was touched scores 1 and the rest 0.

    What was touched counts with confidence `1 + alpha * occurrences` (or `1 + alpha * log(1 + occurrences /
    epsilon)`), the rest with 1. With `frequency` above 0 customers and items of more confidence in all are held
    nearer to zero. Each half-step takes two conjugate gradients, preconditioned by what all rows have in common; at
    the end each customer's vector is the whole half-step from her history, so that a history and its owner's
    code score alike.
    """

    info: ClassVar[Info] = Info(
        label="iALS",
        family="factors",
        summary=(
            "Describes every customer and every item by a few dozen hidden traits and recommends what fits "
            "best. It reads a missing purchase as a weak no. Strong where customers have more than a handful "
            "of interactions, fast on large catalogues, and new histories are scored exactly."
        ),
        paper=(
            "Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets, ICDM 2008; frequency: "
            "Rendle, Krichene, Zhang, Koren: Revisiting the Performance of iALS on Item Recommendation Benchmarks, "
            "RecSys 2022"
        ),
        seeded=True,
    )
    factors: int = tunable(20, 1, 512, log=True, help="How many hidden traits")
    regularization: float = tunable(
        2.0, 1e-6, 1000.0, log=True, help="How strongly the vectors are held near zero"
    )
    alpha: float = tunable(
        1.0, 1e-4, 100.0, log=True, help="How much more a touched item counts than an untouched one"
    )
    iterations: int = tunable(15, 1, 200, log=True, help="How many rounds over all customers and items")
    scaling: Literal["linear", "log"] = tunable("linear", help="How repeated interactions add up")
    epsilon: float = tunable(1.0, 1e-6, 1000.0, log=True, help="Where the log scaling begins to flatten")

    frequency: float = tunable(
        0.0, 0.0, 1.0, help="How much more the active and the popular are held near zero"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Alternate between customers and items, then take the whole half-step for every customer."""
        self.require(data)
        log = data.interactions
        history = occurrences(log.items, log.user_starts, log.n_items)
        weights = self._weighting.of(history.data)
        extra = sparse.csr_matrix(
            (weights.astype(np.float32), history.indices, history.indptr), history.shape
        )
        with threadpool_limits(1, "blas"):
            items = self._alternate(extra, ctx)
            step = self._half_step(items, self._ridge(extra))
            users = self._settled(extra, history, step, ctx.threads)
            scorer = Factors.stepped(step, np.zeros(log.n_items, np.float32), history, ctx.threads, users)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Factors.from_state(state)

    @property
    def _weighting(self) -> Weighting:
        return Weighting(self.alpha, self.scaling, self.epsilon)

    def _ridge(self, extra: sparse.csr_matrix) -> Ridge:
        """The ridge of rows, whose mean strength is the regularisation whatever the frequency."""
        rows, reach = extra.shape
        return Ridge(self.regularization, self.frequency, reach, float(extra.sum()) / rows + reach)

    def _alternate(self, extra: sparse.csr_matrix, ctx: FitContext) -> Vectors:
        rng = ctx.rng()
        across = sparse.csr_matrix(extra.T)
        users, items = (
            (rng.standard_normal((count, self.factors)) * START / np.sqrt(self.factors)).astype(np.float32)
            for count in extra.shape
        )
        for turn in range(self.iterations):
            ctx.report(turn / (self.iterations + 1), f"round {turn + 1} of {self.iterations}")
            half_step(extra, users, items, self._ridge(extra), ctx.threads)
            half_step(across, items, users, self._ridge(across), ctx.threads)
        return np.asarray(items, np.float32)

    def _settled(
        self, extra: sparse.csr_matrix, history: sparse.csr_matrix, step: HalfStep, threads: int
    ) -> Vectors:
        """Each customer's whole half-step from zero; the exact one where single precision does not get there."""
        users, ridge = np.zeros((extra.shape[0], self.factors), np.float32), self._ridge(extra)
        there = half_step(extra, users, step.items, ridge, threads, MOST_STEPS, NEXT_TO_NOTHING)
        missed = np.flatnonzero(~there)
        users[missed] = step.fold(history[missed], threads)
        return users

    def _half_step(self, items: Vectors, ridge: Ridge) -> HalfStep:
        wide, none = items.astype(np.float64), np.zeros((items.shape[1], items.shape[1]))
        return HalfStep(items, none[0], wide.T @ wide, none, lift=1.0, weighting=self._weighting, ridge=ridge)


def half_step(
    extra: sparse.csr_matrix,
    x: Vectors,
    y: Vectors,
    ridge: Ridge,
    threads: int,
    steps: int = STEPS,
    enough: float = 0.0,
) -> NDArray[np.bool_]:
    """Bring the rows of `x` nearer to their least squares solutions while `y` stands still; marks those now there.

    `extra` is float32 rows of x times rows of y: what touched pairs count beyond 1. Rows without any become
    zeros. A row is there when what is left of its pull is at most this part of it. Vectors are seen through
    the root of what all rows have in common, y'y and the usual ridge: there it becomes the identity.
    """
    from reco_lab.algorithms._kernels.ials import solve

    lists = csr_parts(extra)
    usual, root = _root(y, ridge)
    back = np.linalg.inv(root)
    common = (back @ back.T).astype(np.float32)
    sums = np.asarray(extra.sum(axis=1, dtype=np.float64)).ravel()
    beyond = (ridge.of(sums) - usual).astype(np.float32)
    seen = on_lines(y.shape)
    np.matmul(y, back.T.astype(np.float32), out=seen)
    x[np.diff(extra.indptr) == 0] = 0
    turned: Vectors = x @ root.astype(np.float32)
    there = np.zeros(len(x), np.bool_)

    def settle(start: int) -> None:
        rows = slice(start, start + ROWS)
        solve(*lists, start, turned[rows], seen, common, beyond[rows], steps, enough, there[rows])

    for _ in spread(settle, range(0, len(x), ROWS), threads):
        pass
    x[:] = turned @ back.astype(np.float32)
    return there


def on_lines(shape: tuple[int, int]) -> Vectors:
    """An empty table that begins where a line of the processor's cache does, so that its rows lie on fewer of them."""
    whole = np.empty(shape[0] * shape[1] + A_LINE // 4, np.float32)
    start = -whole.ctypes.data % A_LINE // 4
    return whole[start : start + shape[0] * shape[1]].reshape(shape)


def _root(y: Vectors, ridge: Ridge) -> tuple[float, NDArray[np.float64]]:
    """The ridge that all rows have in common, no less than rounding asks for, and the Cholesky factor of y'y with it."""
    wide = y.astype(np.float64)
    gram = wide.T @ wide
    usual = max(ridge.strength, float(np.trace(gram)) * np.finfo(np.float64).eps)
    return usual, np.asarray(np.linalg.cholesky(gram + usual * np.eye(len(gram))), np.float64)

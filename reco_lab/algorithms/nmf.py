from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import Codes, FitContext, Info, Recommender, Scorer, Scores, State

SWEEPS = 50
TINY = 1e-12

Vectors = NDArray[np.float32]


class NMF(Recommender):
    """Rebuilds the customers x items matrix of zeros and ones from two tables without negative entries.

    Hierarchical alternating least squares: one column of one table after the other gets its best values.
    A customer's vector is the best one for her history, the items' table standing still. Squares of entries
    cost `regularization` times the norm of the matrix (the root of its number of ones).
    """

    info: ClassVar[Info] = Info(
        label="NMF",
        family="factors",
        summary=(
            "Describes the catalogue by themes that items belong to more or less, never less than nothing, and "
            "each customer by how much of every theme she wants. The themes can often be read and named, which "
            "most factor models do not allow; lists are a little less accurate than theirs."
        ),
        paper="Cichocki, Phan: Fast Local Algorithms for Large Scale Nonnegative Matrix and Tensor Factorizations, IEICE Transactions 2009",
        seeded=True,
    )
    factors: int = tunable(64, 1, 512, log=True, help="How many themes")
    regularization: float = tunable(
        0.02, 0.0, 0.2, help="How strongly both tables are held near zero, as a part of the log's size"
    )
    iterations: int = tunable(30, 1, 200, log=True, help="How many rounds over both tables")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Alternate between customers and items, from a random start."""
        self.require(data)
        matrix = data.interactions.matrix
        across, rng = matrix.T.tocsr(), ctx.rng()
        scale = np.sqrt(matrix.nnz / (matrix.shape[0] * matrix.shape[1] * self.factors))
        users, items = (
            rng.random((size, self.factors), np.float32) * np.float32(scale) for size in matrix.shape
        )
        penalty = self.regularization * np.sqrt(matrix.nnz)
        with threadpool_limits(ctx.threads):
            for done in range(self.iterations):
                sweep(users, matrix @ items, items.T @ items, penalty)
                sweep(items, across @ users, users.T @ users, penalty)
                ctx.report((done + 1) / self.iterations, f"round {done + 1} of {self.iterations}")
        return Themes(items, float(penalty))

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Themes.from_state(state)


class Themes(Scorer):
    """Scores are the product of two vectors without negative entries; a history makes its customer's.

    `items` is float32 items x themes.
    """

    folds_in = True

    def __init__(self, items: Vectors, penalty: float) -> None:
        self.items, self.penalty, self.n_items = items, penalty, len(items)
        self._gram = items.T @ items

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The vector that fits each history best, times the items'."""
        history = batch.matrix(self.n_items)
        users = np.zeros((len(batch), self.items.shape[1]), np.float32)
        pull = history @ self.items
        for _ in range(SWEEPS):
            sweep(users, pull, self._gram, self.penalty)
        return users @ (self.items if items is None else self.items[items]).T

    def state(self) -> State:
        """One array and a number."""
        return State({"items": self.items}, {"penalty": self.penalty})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The scorer with this state."""
        return cls(state.arrays["items"], state.meta["penalty"])


def sweep(vectors: Vectors, pull: Vectors, gram: Vectors, penalty: float) -> None:
    """Bring each column of `vectors` to its best values of at least zero, in place.

    It minimises |X - vectors other'|^2 + penalty |vectors|^2 for `pull` = X other and `gram` = other' other.
    """
    for theme in range(vectors.shape[1]):
        step = pull[:, theme] - vectors @ gram[:, theme] - penalty * vectors[:, theme]
        step /= max(gram[theme, theme] + penalty, TINY)
        vectors[:, theme] = np.maximum(vectors[:, theme] + step, 0)

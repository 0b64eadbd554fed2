from collections.abc import Callable, Iterator
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from reco_lab.algorithms._pairs import together
from reco_lab.algorithms._shapes import first_entries
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.ranking import crew
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

LARGEST_TABLE = 1 << 25
WIDTH = 16
STEPS = 16
ROWS = 512

Vectors = NDArray[np.float32]
Each = Callable[..., Iterator[Vectors]]


class PureSVD(Recommender):
    """Recommends what the customers x items matrix of zeros and ones becomes when few directions are left of it.

    Scores are the history times V V', V being the leading right singular vectors (at most one for every four
    items or customers). They come from a block Krylov space of X'X that starts at random.
    """

    info: ClassVar[Info] = Info(
        label="PureSVD",
        family="linear",
        summary=(
            "Keeps of all histories only the few broad directions of taste that explain most, and recommends "
            "what a customer's own directions contain and her history does not. Very quick, gentle with noise, "
            "somewhat fond of popular items."
        ),
        paper="Cremonesi, Koren, Turrin: Performance of Recommender Algorithms on Top-N Tasks, RecSys 2010",
    )
    factors: int = tunable(50, 1, 512, log=True, help="How many directions of taste are kept")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Find the directions; whoever is asked about is projected on them."""
        self.require(data)
        matrix = data.interactions.matrix
        kept = max(1, min(self.factors, min(matrix.shape) // 4))
        with (
            threadpool_limits(1, "blas"),
            crew(ctx.threads) as each,
        ):  # of products this thin BLAS shares none
            step = _squared(matrix, ctx, each)
            ctx.report(0.3, "items counted")
            vectors = leading(step, matrix.shape[1], kept, ctx.rng())
        ctx.report(1.0, "directions found")
        return Projection(vectors)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Projection.from_state(state)


class Projection(Scorer):
    """Scores are the history as zeros and ones, projected on the columns of float32 items x factors."""

    folds_in = True

    def __init__(self, vectors: Vectors) -> None:
        self.vectors, self.n_items = vectors, len(vectors)

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The sum of the vectors in each history times each item's vector."""
        chosen = self.vectors if items is None else self.vectors[items]
        return np.asarray((batch.matrix(self.n_items) @ self.vectors) @ chosen.T, np.float32)

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """Each history item's vector times the item's; a repeated item counts at its first entry."""
        weights = self.vectors[batch.items] @ self.vectors[items].T * first_entries(batch)[:, None]
        return Contributions(weights, np.zeros(len(items), np.float32))

    def state(self) -> State:
        """One array."""
        return State({"vectors": self.vectors})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The scorer with this state."""
        return cls(state.arrays["vectors"])


def leading(step: Callable[[Vectors], Vectors], size: int, count: int, rng: np.random.Generator) -> Vectors:
    """The eigenvectors of the largest eigenvalues, size x at most count, of a positive matrix that `step` applies.

    Block Lanczos with full orthogonalisation: 16 steps or more, until there are four times as many vectors.
    """
    steps = max(STEPS, -(-4 * count // WIDTH))
    basis, images = np.zeros((size, 0), np.float32), np.zeros((size, 0), np.float32)
    block = rng.standard_normal((size, WIDTH)).astype(np.float32)
    while basis.shape[1] < min(size, steps * WIDTH):
        block = block[:, : size - basis.shape[1]]
        for _ in range(2):
            block = np.linalg.qr(block - basis @ (basis.T @ block))[0]
        basis, block = np.hstack((basis, block)), step(block)
        images = np.hstack((images, block))
    values, mix = np.linalg.eigh(basis.T.astype(np.float64) @ images)
    kept = np.flatnonzero(values > values[-1] * np.finfo(np.float32).eps)[-count:]
    return np.ascontiguousarray(basis @ mix[:, kept].astype(np.float32))


def _squared(matrix: sparse.csr_matrix, ctx: FitContext, each: Each) -> Callable[[Vectors], Vectors]:
    """X'X as a function of vectors: by its table where that is small, else step by step."""
    if matrix.shape[1] ** 2 <= LARGEST_TABLE:
        counts = together(matrix, ctx.threads)
        parts = [counts[start : start + ROWS] for start in range(0, len(counts), ROWS)]
        return lambda vectors: np.concatenate(list(each(lambda part: part @ vectors, parts)))
    across = matrix.T.tocsr()
    return lambda vectors: np.asarray(across @ (matrix @ vectors), np.float32)

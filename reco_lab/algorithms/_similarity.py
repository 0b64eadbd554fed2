"""How alike rows of a 0/1 matrix are: what item k-NN asks of items and user k-NN of customers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.ranking import blocks, spread

Kind = Literal["cosine", "jaccard", "dice"]
Weighting = Literal["none", "tfidf", "bm25"]

EPSILON = 1e-6
COLUMNS = 512


@dataclass(frozen=True)
class Similarity:
    """Cosine, Jaccard or Dice of weighted rows; every denominator carries shrink + 1e-6.

    For weighted rows Jaccard and Dice count squares where the plain ones count entries (Tanimoto).
    """

    kind: Kind = "cosine"
    shrink: float = 0.0

    def of(
        self, dots: NDArray[np.float32], left: NDArray[np.float64], right: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The similarities from dot products (rows x others) and both sides' sums of squares."""
        if self.kind == "cosine":
            below = np.sqrt(left)[:, None] * np.sqrt(right)
        else:
            below = left[:, None] + right
            below = below - dots if self.kind == "jaccard" else below / 2
        below += self.shrink + EPSILON
        np.divide(dots, below, out=below)
        return below


@dataclass(frozen=True, eq=False)
class Weigher:
    """Weighs the entries of 0/1 rows by TF-IDF or Okapi BM25, as learned from a whole matrix.

    `idf` is float32, one a column; `average` the mean length of a row.
    """

    weighting: Weighting
    k1: float
    b: float
    idf: NDArray[np.float32]
    average: float

    @classmethod
    def learn(cls, matrix: sparse.csr_matrix, weighting: Weighting, k1: float, b: float) -> "Weigher":
        """Count how many rows have each column, and how long rows are."""
        counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
        idf = np.log(matrix.shape[0] / (1 + counts)).astype(np.float32)
        return cls(weighting, k1, b, idf, matrix.nnz / max(matrix.shape[0], 1))

    def apply(self, matrix: sparse.csr_matrix) -> sparse.csr_matrix:
        """The 0/1 rows with their entries weighed."""
        if self.weighting == "none":
            return matrix
        weights = self.idf[matrix.indices]
        if self.weighting == "bm25":
            lengths = np.diff(matrix.indptr)
            damped = self.k1 * (1 - self.b + self.b * lengths / self.average)
            weights = weights * np.repeat((self.k1 + 1) / (damped + 1), lengths).astype(np.float32)
        return sparse.csr_matrix((weights, matrix.indices, matrix.indptr), shape=matrix.shape)


def squares(matrix: sparse.csr_matrix) -> NDArray[np.float64]:
    """The sum of squares of each row."""
    total = np.concatenate(([0.0], np.cumsum(np.square(matrix.data, dtype=np.float64))))
    return total[matrix.indptr[1:]] - total[matrix.indptr[:-1]]


def dots(left: sparse.csr_matrix, right: sparse.csr_matrix | NDArray[np.float32]) -> NDArray[np.float32]:
    """The product as a dense float32 array; of a large one with an array, some columns at a time stay in cache."""
    if isinstance(right, np.ndarray) and left.nnz > 8 * len(right):
        return _columns_at_a_time(left, right)
    product = left @ right
    return np.asarray(product.toarray() if sparse.issparse(product) else product, np.float32)


def together(matrix: sparse.csr_matrix, threads: int) -> NDArray[np.float32]:
    """How often each two columns of a 0/1 matrix occur together, as a dense array: columns x columns."""
    across, width = matrix.T.tocsr(), matrix.shape[1]
    counts = np.empty((width, width), np.float32)

    def count(rows: tuple[int, int]) -> None:
        start, stop = rows
        block = dots(across[start:stop], matrix[:, start:])
        counts[start:stop, start:], counts[start:, start:stop] = block, block.T

    for _ in spread(count, blocks(width, width), threads):
        pass
    return counts


def keep_best(similar: NDArray[np.float64], k: int) -> sparse.csr_matrix:
    """Only the k highest entries above zero of each row, as float32; those that tie at the cut by column."""
    width = similar.shape[1]
    bars = np.partition(similar, width - k, axis=1)[:, width - k, None] if k < width else np.zeros((1, 1))
    kept = (similar >= bars) & (similar > 0)
    crowded = np.flatnonzero(kept.sum(axis=1) > k)
    if len(crowded):
        above, tied = similar[crowded] > bars[crowded], similar[crowded] == bars[crowded]
        places = k - above.sum(axis=1, keepdims=True)
        kept[crowded] = above | (tied & (np.cumsum(tied, axis=1) <= places))
    columns = np.flatnonzero(kept) % width
    indptr = np.append(0, np.cumsum(np.count_nonzero(kept, axis=1)))
    return sparse.csr_matrix((similar[kept].astype(np.float32), columns, indptr), shape=similar.shape)


def _columns_at_a_time(left: sparse.csr_matrix, right: NDArray[np.float32]) -> NDArray[np.float32]:
    product = np.empty((left.shape[0], right.shape[1]), np.float32)
    for start in range(0, right.shape[1], COLUMNS):
        columns = slice(start, start + COLUMNS)
        product[:, columns] = left @ right[:, columns]
    return product

"""How alike rows of a 0/1 matrix are: what item k-NN asks of items and user k-NN of customers."""

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Kind = Literal["cosine", "asymmetric", "jaccard", "dice", "tversky"]
Weighting = Literal["none", "tfidf", "bm25"]
Side = Literal["rows", "columns"]
Sums = NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)

EPSILON = 1e-6


@dataclass(frozen=True)
class Similarity:
    """How alike weighted rows are, by their dot products and sums of squares; denominators carry shrink + 1e-6.

    Of what the sums of squares give, one row listens (`own`) and one speaks (`others`): `asymmetric` is the
    cosine with own^alpha * others^(1 - alpha), `tversky` counts what only the listener has alpha times and
    what only the speaker has beta times (Jaccard: both 1, Dice: both 1/2). For weighted rows squares are
    counted where the plain ones count entries (Tanimoto).
    """

    kind: Kind = "cosine"
    shrink: float = 0.0
    alpha: float = 0.5
    beta: float = 0.5

    @property
    def multiplied(self) -> bool:
        """Whether the denominator multiplies the two sides' terms, rather than adds them."""
        return self.kind in {"cosine", "asymmetric"}

    @property
    def slope(self) -> float:
        """How often the dot product is added to the denominator."""
        return 0.0 if self.multiplied else 1.0 - sum(self._shares)

    @property
    def extra(self) -> float:
        """What is added to every denominator."""
        return self.shrink + EPSILON

    def terms(self, own: Sums, others: Sums) -> tuple[Sums, Sums]:
        """What the denominator multiplies, or adds, of the listeners' and the speakers' sums of squares."""
        alpha, beta = self._shares
        return (own**alpha, others**beta) if self.multiplied else (own * alpha, others * beta)

    def of(self, dots: NDArray[np.float32], rows: Sums, columns: Sums, listening: Side = "rows") -> Sums:
        """The likenesses from dot products (rows x columns) and both sides' sums of squares.

        Whoever listens, the same pair gives the same digits.
        """
        if listening == "rows":
            left, right = self.terms(rows, columns)
        else:
            right, left = self.terms(columns, rows)
        below = left[:, None] * right if self.multiplied else left[:, None] + right
        if self.slope:
            below += self.slope * dots
        below += self.extra
        np.divide(dots, below, out=below)
        return below

    @property
    def _shares(self) -> tuple[float, float]:
        """How much the listener's and the speaker's size weigh."""
        fixed = {"cosine": (0.5, 0.5), "jaccard": (1.0, 1.0), "dice": (0.5, 0.5)}
        return fixed.get(self.kind, (self.alpha, 1 - self.alpha if self.kind == "asymmetric" else self.beta))


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
        lengths = np.diff(matrix.indptr)
        weights = self.columns()[matrix.indices] * np.repeat(self.rows(lengths), lengths)
        return sparse.csr_matrix(
            (weights.astype(np.float32), matrix.indices, matrix.indptr), shape=matrix.shape
        )

    def columns(self) -> Sums:
        """What each column weighs: an entry weighs its column times its row."""
        return np.ones(len(self.idf)) if self.weighting == "none" else self.idf.astype(np.float64)

    def rows(self, lengths: NDArray[np.integer[Any]]) -> Sums:
        """What rows of these lengths weigh."""
        if self.weighting != "bm25":
            return np.ones(len(lengths))
        damped = self.k1 * (1 - self.b + self.b * lengths.astype(np.float64) / self.average)
        return (self.k1 + 1) / (damped + 1)


def squares(matrix: sparse.csr_matrix) -> NDArray[np.float64]:
    """The sum of squares of each row: the same digits whatever rows stand before it."""
    owners = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    sums = np.bincount(owners, np.square(matrix.data, dtype=np.float64), minlength=matrix.shape[0])
    return np.asarray(sums, np.float64)


def dots(left: sparse.csr_matrix, right: sparse.csr_matrix | NDArray[np.float32]) -> NDArray[np.float32]:
    """The product of a CSR with a table or a CSR, as a dense float32 array."""
    return sums_of(*csr_parts(left), right)


def dots_of_ones(left: sparse.csr_matrix, right: sparse.csr_matrix) -> NDArray[np.float32]:
    """The product of a CSR with one whose entries are all 1, as a dense float32 array."""
    from reco_lab.algorithms._kernels.sums import of_marks

    sums = np.zeros((left.shape[0], right.shape[1]), np.float32)
    of_marks(*csr_parts(left), *csr_parts(right)[:2], sums)
    return sums


def overlaps(left: sparse.csr_matrix, right: sparse.csr_matrix | NDArray[np.uint8]) -> NDArray[np.float32]:
    """The product of a CSR with a table or a CSR where both hold nothing but zeros and ones, as `dots`."""
    from reco_lab.algorithms._kernels.sums import of_flags

    if not isinstance(right, np.ndarray):
        return dots_of_ones(left, right)
    sums = np.zeros((left.shape[0], right.shape[1]), np.float32)
    of_flags(*csr_parts(left)[:2], loopable(right, np.uint8), sums)
    return sums


def sums_of(
    starts: NDArray[np.int32],
    codes: NDArray[np.int32],
    factors: NDArray[np.float32],
    table: sparse.csr_matrix | NDArray[np.float32],
) -> NDArray[np.float32]:
    """Weighted sums of rows of a table or a CSR, as `dots` of the CSR with these starts, codes and values."""
    from reco_lab.algorithms._kernels.sums import of_dense, of_sparse

    sums = np.zeros((len(starts) - 1, table.shape[1]), np.float32)
    if isinstance(table, np.ndarray):
        of_dense(starts, codes, factors, np.require(table, np.float32, ("C", "W")), sums)
    else:
        of_sparse(starts, codes, factors, *csr_parts(table), sums)
    return sums


def csr_parts(
    matrix: sparse.csr_matrix,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Starts, codes and values of a CSR as compiled loops want them."""
    starts, codes = loopable(matrix.indptr, np.int32), loopable(matrix.indices, np.int32)
    return starts, codes, loopable(matrix.data, np.float32)


def loopable(array: NDArray[Any], kind: type[Number]) -> NDArray[Number]:
    """An array as compiled loops want it: of this kind, in one piece, writeable; itself if it is."""
    if array.dtype.type is kind and array.flags.carray:
        return array
    return np.require(array, kind, ("C", "W"))

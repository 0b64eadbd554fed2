"""Items in pairs: how often two occur together, and which k pairs of each item count most."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.ranking import spread
from reco_lab.core.recommender import FitContext

PARTS = 64
SHORT = 1 << 16
EXACT = 1 << 24

Codes = NDArray[np.int32]
Terms = NDArray[np.float64]
Range = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Closeness:
    """What a pair of items counts: d / (own * others + slope * d + extra), own + others where not `multiplied`.

    d is the sum of the `weights` of the customers that both have, times the `gains` of both; none counts
    where d is below `least`. `weights` is float64, one a customer; `gains`, `own` and `others` one an item.
    """

    weights: Terms
    gains: Terms
    own: Terms
    others: Terms
    multiplied: bool = True
    slope: float = 0.0
    extra: float = 0.0
    least: float = 0.0


def nearest(matrix: sparse.csr_matrix, closeness: Closeness, k: int, ctx: FitContext) -> sparse.csr_matrix:
    """The k other items that count most for each item, float32 items x items; of equal ones the first.

    `matrix` is the log as 0/1 customers x items. Nothing of the size items x items is ever held.
    """
    from reco_lab.algorithms._kernels import neighbours

    popularity = np.bincount(matrix.indices, minlength=matrix.shape[1])
    names = np.argsort(-popularity, kind="stable").astype(np.int32)
    columns_of = np.argsort(names).astype(np.int32)
    columns = columns_of[matrix.indices]
    *log, listed = _both_ways(sparse.csr_matrix((matrix.data, columns, matrix.indptr), shape=matrix.shape))
    short = listed.astype(np.uint16) if matrix.shape[1] <= SHORT else listed
    terms = (
        as_summed(closeness.weights),
        *(term[names] for term in (closeness.gains, closeness.own, closeness.others)),
    )
    numbers = (closeness.multiplied, closeness.slope, closeness.extra, closeness.least)
    given: tuple[Any, ...] = (*log, short, columns_of, names, *terms, *numbers)

    def search(rows: Range, *found: Any) -> None:
        neighbours.nearest(*rows, *given, *found)

    return in_parts(search, matrix.shape[1], k, ctx)


def as_summed(weights: Terms) -> Terms | NDArray[np.float32]:
    """The weights in single precision where all sums of them are exact in it."""
    whole = np.array_equal(weights, np.rint(weights)) and float(np.abs(weights).sum()) <= EXACT
    return weights.astype(np.float32) if whole else weights


def in_parts(search: Callable[..., None], n_items: int, k: int, ctx: FitContext) -> sparse.csr_matrix:
    """The at most k entries of each item that `search` finds, as float32 items x items, some items at a time.

    `search` takes a range of items and three arrays to fill in, with a row an item of the range: columns and
    entries (k wide), and how many there are.
    """
    most = min(k, n_items)

    def one(rows: Range) -> tuple[Codes, NDArray[np.float32], NDArray[np.int64]]:
        size = rows[1] - rows[0]
        columns, entries = np.empty((size, most), np.int32), np.empty((size, most), np.float32)
        counts = np.empty(size, np.int64)
        search(rows, columns, entries, counts)
        kept = np.arange(most) < counts[:, None]
        return columns[kept], entries[kept], counts

    found = []
    for part in spread(one, _parts(n_items), ctx.threads):
        found.append(part)
        ctx.report(0.1 + 0.8 * len(found) / PARTS, f"part {len(found)} of {PARTS} of the catalogue done")
    columns, entries, counts = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    indptr = np.append(0, np.cumsum(counts))
    kept = sparse.csr_matrix((entries, columns, indptr), shape=(n_items, n_items))
    kept.sort_indices()  # they stand as the search came across them
    return kept


def strongest(matrix: sparse.csr_matrix, k: int, threads: int) -> sparse.csr_matrix:
    """Only the k highest entries of each row of a CSR; of equal ones the first columns."""
    from reco_lab.algorithms._kernels import neighbours

    kept = np.zeros(matrix.nnz, np.bool_)
    starts = matrix.indptr.astype(np.int32)

    def mark(rows: Range) -> None:
        neighbours.strongest(*rows, starts, matrix.data, min(k, matrix.shape[1]), kept)

    for _ in spread(mark, _parts(matrix.shape[0]), threads):
        pass
    indptr = np.append(0, np.cumsum(kept))[matrix.indptr]
    return sparse.csr_matrix((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)


def together(matrix: sparse.csr_matrix, threads: int) -> NDArray[np.float32]:
    """How often each two columns of a 0/1 matrix occur together, as a dense array: columns x columns."""
    from reco_lab.algorithms._kernels import neighbours

    log, width = _both_ways(matrix), matrix.shape[1]
    counts = np.zeros((width, width), np.float32)

    def count(rows: Range) -> None:
        neighbours.together(*rows, *log, counts)

    for _ in spread(count, _parts(width), threads):
        pass
    return counts


def _both_ways(matrix: sparse.csr_matrix) -> tuple[Codes, Codes, Codes, Codes]:
    """Who touched each item and what each customer touched, as the kernels want them."""
    across = matrix.T.tocsr()
    by_item, by_customer = (
        (np.require(one.indptr, np.int32, ("C", "W")), np.require(one.indices, np.int32, ("C", "W")))
        for one in (across, matrix)
    )
    return *by_item, *by_customer


def _parts(count: int) -> Iterator[Range]:
    bounds = np.linspace(0, count, PARTS + 1).astype(np.int64)
    return zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)

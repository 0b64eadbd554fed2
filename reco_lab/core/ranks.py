"""Where wanted items stand in the whole ranking, not only in its first places."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.batch import UserBatch
from reco_lab.core.interactions import Kind
from reco_lab.core.ranking import Candidates, blocks, rankable, spread
from reco_lab.core.recommender import Scorer, Scores


@dataclass(frozen=True, eq=False)
class Ranks:
    """Where the wanted items of each customer stand among everything that could be recommended to her.

    `places` is CSR float64 customers x items: 1 is the top, items of equal score share the mean of their
    places. `candidates` counts what was ranked for each customer.
    """

    places: sparse.csr_matrix
    candidates: NDArray[np.int64]


def ranks(
    scorer: Scorer,
    batch: UserBatch,
    wanted: sparse.csr_matrix,
    *,
    exclude_seen: bool = True,
    seen_kinds: tuple[Kind, ...] = (),
    candidates: Candidates | None = None,
    threads: int = 1,
) -> Ranks:
    """The places of the `wanted` items (CSR customers x items); the other arguments are those of `recommend`.

    Works in blocks of customers, so that memory stays bounded. Raises ScoreError where scores are not finite.
    """
    places, counts = np.zeros(wanted.nnz), np.zeros(len(batch), np.int64)

    def place(rows: tuple[int, int]) -> None:
        scores = rankable(
            scorer, batch, rows, exclude_seen=exclude_seen, seen_kinds=seen_kinds, candidates=candidates
        )
        entries = slice(wanted.indptr[rows[0]], wanted.indptr[rows[1]])
        places[entries] = _places(scores, wanted[slice(*rows)])
        counts[slice(*rows)] = (scores > -np.inf).sum(axis=1)

    for _ in spread(place, blocks(len(batch), scorer.n_items), threads):
        pass
    return Ranks(sparse.csr_matrix((places, wanted.indices, wanted.indptr), wanted.shape), counts)


def _places(scores: Scores, wanted: sparse.csr_matrix) -> NDArray[np.float64]:
    """The place of each wanted item in its row; equal scores share the mean of their places."""
    rows = np.arange(len(scores), dtype=np.int64)
    owners = np.repeat(rows, np.diff(wanted.indptr))
    asked = _in_order(scores[owners, wanted.indices], owners)
    every = _in_order(np.sort(scores, axis=1), rows[:, None]).ravel()
    ends = scores.shape[1] * (owners + 1)
    above = ends - np.searchsorted(every, asked, "right")
    level = ends - np.searchsorted(every, asked, "left")
    return np.asarray((above + level + 1) / 2, np.float64)


def _in_order(scores: Scores, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole numbers that are in the order of the rows and, within a row, in that of its scores."""
    bits = (scores + np.float32(0)).view(np.int32)  # adding zero makes -0 and 0 the same
    ordered: NDArray[np.int64] = (rows << 32) + (bits ^ ((bits >> 31) & 0x7FFFFFFF))
    return ordered

"""From scores to lists: candidates, leaving out what was seen, top-k. The only place where this happens."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.batch import UserBatch
from reco_lab.core.errors import ScoreError
from reco_lab.core.interactions import Kind
from reco_lab.core.recommender import Scorer, Scores

BLOCK_BYTES = 64 << 20
NO_ITEM = -1


@dataclass(frozen=True, eq=False)
class Recommendations:
    """Ranked lists: int32 item codes and float32 scores, customers x k; NO_ITEM and -inf where a list ends early."""

    items: NDArray[np.int32]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def k(self) -> int:
        """The length of the lists."""
        return int(self.items.shape[1])


@dataclass(frozen=True, eq=False)
class Candidates:
    """What may be recommended: `items` a mask over all items, or `pairs` a CSR of customers x items (1 = may)."""

    items: NDArray[np.bool_] | None = None
    pairs: sparse.csr_matrix | None = None


def recommend(
    scorer: Scorer,
    batch: UserBatch,
    k: int,
    *,
    exclude_seen: bool = True,
    seen_kinds: tuple[Kind, ...] = (),
    candidates: Candidates | None = None,
) -> Recommendations:
    """The k best items for each customer of the batch.

    Items of the customer's own history are left out (of these kinds only, if kinds are given) unless
    `exclude_seen` is False. Equal scores are ranked by item code, which follows the item id. Works in
    blocks of customers whose scores fit in 64 MB. Raises ScoreError where scores are not finite.
    """
    k = min(k, scorer.n_items)
    items = np.full((len(batch), k), NO_ITEM, np.int32)
    scores = np.full((len(batch), k), -np.inf, np.float32)
    for start, stop in blocks(len(batch), scorer.n_items):
        part = batch.rows(start, stop)
        block = checked(scorer, part)
        if candidates is not None:
            _mask_candidates(block, candidates, start, stop)
        if exclude_seen:
            _mask_seen(block, part, seen_kinds)
        items[start:stop], scores[start:stop] = top(block, k)
    items[scores == -np.inf] = NO_ITEM
    return Recommendations(items, scores)


def blocks(n_users: int, n_items: int) -> Iterator[tuple[int, int]]:
    """Ranges of customers whose float32 scores over all items fit in the memory of one block."""
    size = max(1, BLOCK_BYTES // (4 * max(n_items, 1)))
    return ((start, min(start + size, n_users)) for start in range(0, n_users, size))


def checked(scorer: Scorer, batch: UserBatch) -> Scores:
    """The batch's scores as an array of its own; ScoreError unless they are finite float32 of the right shape."""
    scores = scorer.score(batch)
    if scores.shape != (len(batch), scorer.n_items) or scores.dtype != np.float32:
        raise ScoreError(
            f"Scores are {scores.dtype} {scores.shape}, not float32 {(len(batch), scorer.n_items)}."
        )
    if not np.isfinite(scores.sum(dtype=np.float64)) and not np.isfinite(scores).all():
        raise ScoreError(f"{int((~np.isfinite(scores)).sum())} scores are not finite numbers.")
    return scores if scores.flags.writeable and scores.flags.owndata else scores.copy()


def top(scores: Scores, k: int) -> tuple[NDArray[np.int32], Scores]:
    """The k highest of each row with their columns, best first, equal scores by column."""
    cut = -np.partition(-scores, k - 1, axis=1)[:, k - 1 : k]
    keep = scores >= cut
    crowded = np.flatnonzero(keep.sum(axis=1) > k)
    if len(crowded):
        above = scores[crowded] > cut[crowded]
        tied = keep[crowded] & ~above
        places = k - above.sum(axis=1, keepdims=True)
        keep[crowded] = above | (tied & (np.cumsum(tied, axis=1) <= places))
    best = np.nonzero(keep)[1].reshape(len(scores), k)
    values = np.take_along_axis(scores, best, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1).astype(np.int32), np.take_along_axis(values, order, axis=1)


def _mask_candidates(scores: Scores, candidates: Candidates, start: int, stop: int) -> None:
    if candidates.items is not None:
        scores[:, ~candidates.items] = -np.inf
    if candidates.pairs is not None:
        allowed = candidates.pairs[start:stop].toarray() > 0
        scores[~allowed] = -np.inf


def _mask_seen(scores: Scores, batch: UserBatch, kinds: tuple[Kind, ...]) -> None:
    keep = np.isin(batch.kinds, kinds) if kinds else slice(None)
    scores[batch.owners[keep], batch.items[keep]] = -np.inf

"""From scores to lists: candidates, leaving out what was seen, top-k. The only place where this happens."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.batch import UserBatch
from reco_lab.core.errors import ScoreError
from reco_lab.core.interactions import Kind
from reco_lab.core.recommender import Scorer, Scores

BLOCK_BYTES = 8 << 20
NO_ITEM = -1

Part = TypeVar("Part")
Result = TypeVar("Result")


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
    threads: int = 1,
) -> Recommendations:
    """The k best items for each customer of the batch.

    History entries that the model has never heard of are passed over. Items of the customer's own history are
    left out (of these kinds only, if kinds are given) unless `exclude_seen` is False. Equal scores are ranked
    by item code, which follows the item id. Works in blocks of customers whose scores fit in a processor's
    cache, `threads` at a time, and the number of threads changes nothing else. Raises ScoreError where scores
    are not finite.
    """
    k = max(0, min(k, scorer.n_items))
    items = np.full((len(batch), k), NO_ITEM, np.int32)
    scores = np.full((len(batch), k), -np.inf, np.float32)

    def rank(rows: tuple[int, int]) -> None:
        block = rankable(
            scorer, batch, rows, exclude_seen=exclude_seen, seen_kinds=seen_kinds, candidates=candidates
        )
        items[slice(*rows)], scores[slice(*rows)] = top(block, k)

    for _ in spread(rank, blocks(len(batch), scorer.n_items), threads):
        pass
    return Recommendations(items, scores)


def rankable(
    scorer: Scorer,
    batch: UserBatch,
    rows: tuple[int, int],
    *,
    exclude_seen: bool,
    seen_kinds: tuple[Kind, ...],
    candidates: Candidates | None,
) -> Scores:
    """The scores of a range of the batch's rows over all items, -inf for what must not be recommended."""
    part = batch.rows(*rows).within(scorer.n_items)
    block = checked(scorer, part)
    if candidates is not None:
        _mask_candidates(block, candidates, *rows)
    if exclude_seen:
        _mask_seen(block, part, seen_kinds)
    return block


def blocks(n_users: int, n_items: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows whose float32 scores over all items fit in the memory of one block."""
    size = max(1, BLOCK_BYTES // (4 * max(n_items, 1)))
    return ((start, min(start + size, n_users)) for start in range(0, n_users, size))


def spread(work: Callable[[Part], Result], parts: Iterable[Part], threads: int) -> Iterator[Result]:
    """What `work` makes of each part, in the order of the parts, on this many threads at a time."""
    with crew(threads) as each:
        yield from each(work, parts)


@contextmanager
def crew(threads: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """A `map` on this many threads, which stay for as many calls as there are."""
    if threads == 1:
        yield map
        return
    with ThreadPoolExecutor(threads) as pool:
        yield pool.map


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
    """The k highest of each row with their columns, best first, equal scores by column; NO_ITEM for minus infinity."""
    from reco_lab.core._kernels.ranking import best

    items = np.full((len(scores), k), NO_ITEM, np.int32)
    values = np.full((len(scores), k), -np.inf, np.float32)
    if k > 0:
        best(np.ascontiguousarray(scores), items, values)
    return items, values


def _mask_candidates(scores: Scores, candidates: Candidates, start: int, stop: int) -> None:
    if candidates.items is not None:
        scores[:, ~candidates.items] = -np.inf
    if candidates.pairs is not None:
        allowed = candidates.pairs[start:stop].toarray() > 0
        scores[~allowed] = -np.inf


def _mask_seen(scores: Scores, batch: UserBatch, kinds: tuple[Kind, ...]) -> None:
    keep = np.isin(batch.kinds, kinds) if kinds else slice(None)
    scores[batch.owners[keep], batch.items[keep]] = -np.inf

"""What may be shown to each customer, best first, before the rules choose among it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.campaigns.rules import RuleSet
from reco_lab.core.batch import UserBatch
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.ranking import NO_ITEM, Candidates, Recommendations, recommend
from reco_lab.core.recommender import Scorer
from reco_lab.experiments.rerank import DEPTH, relevance_of

ROWS = 1 << 14

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates of customers in rows: int32 items, the first `depth` columns best first; NO_ITEM where there are none.

    `relevance` is 1 for a customer's first candidate and 0 for her last. Columns from `depth` on are the best of
    what each pinned place is for; their relevance is 0 unless they stand among the first too.
    """

    items: NDArray[np.int32]
    relevance: NDArray[np.float32]
    depth: int

    def __len__(self) -> int:
        return len(self.items)


class Asked(ABC):
    """Customers in rows and somebody who ranks items for them."""

    @abstractmethod
    def __len__(self) -> int:
        """How many customers."""

    @abstractmethod
    def best(self, rows: slice, k: int, allowed: Mask) -> Recommendations:
        """The k best of the allowed items for some of the customers."""


@dataclass(frozen=True, eq=False)
class AskedModels(Asked):
    """Each customer is answered by one of the models, or by what stands in where it has nothing to say.

    `batch` are the customers with their histories, `model` names who answers each (a place in `scorers`).
    `candidates` are those of the split for each row, `exclude_seen` and `seen_kinds` as in `core.ranking`.
    """

    batch: UserBatch
    scorers: tuple[Scorer, ...]
    model: NDArray[np.int32]
    fallback: Scorer
    candidates: Candidates
    exclude_seen: bool = True
    seen_kinds: tuple[Kind, ...] = ()
    threads: int = 1

    def __len__(self) -> int:
        return len(self.batch)

    def best(self, rows: slice, k: int, allowed: Mask) -> Recommendations:
        """Ask each model for its customers."""
        places = np.arange(len(self))[rows]
        length = min(k, len(allowed))
        items = np.full((len(places), length), NO_ITEM, np.int32)
        scores = np.full(items.shape, -np.inf, np.float32)
        batch = self.batch.take(places)
        for number, scorer in enumerate(self.scorers):
            mine = self.model[places] == number
            answered = mine.copy()
            answered[mine] = scorer.answers(batch.take(np.flatnonzero(mine)))
            for who, one in ((answered, scorer), (mine & ~answered, self.fallback)):
                found = self._ask(one, batch.take(np.flatnonzero(who)), places[who], length, allowed)
                items[who, : found.k], scores[who, : found.k] = found.items, found.scores
        return Recommendations(items, scores)

    def _ask(
        self, scorer: Scorer, batch: UserBatch, places: NDArray[np.intp], k: int, allowed: Mask
    ) -> Recommendations:
        pairs, items = self.candidates.pairs, self.candidates.items
        if pairs is not None:
            mine = sparse.csr_matrix(pairs[places].multiply(allowed[None, :]))
            may = Candidates(pairs=mine)
        else:
            may = Candidates(items=(allowed if items is None else allowed & items)[: scorer.n_items])
        return recommend(
            scorer,
            batch,
            k,
            exclude_seen=self.exclude_seen,
            seen_kinds=self.seen_kinds,
            candidates=may,
            threads=self.threads,
        )


@dataclass(frozen=True, eq=False)
class AskedFixed(Asked):
    """Everybody gets the same items in the same order."""

    customers: int
    items: NDArray[np.int32]

    def __len__(self) -> int:
        return self.customers

    def best(self, rows: slice, k: int, allowed: Mask) -> Recommendations:
        """The first k of the items that are allowed."""
        some = self.items[allowed[self.items]][:k]
        count = len(range(self.customers)[rows])
        scores = -np.arange(len(some), dtype=np.float32)
        return Recommendations(np.tile(some, (count, 1)), np.tile(scores, (count, 1)))


def pool(asked: Asked, rules: RuleSet, bought: sparse.csr_matrix | None, k: int) -> Pool:
    """The first DEPTH candidates that the rules allow for each customer, and k more for each pinned place.

    `bought` (customers x items) marks what the rules leave out for a customer.
    """
    blocks = [
        _block(asked, slice(start, min(start + ROWS, len(asked))), rules, bought, k)
        for start in range(0, len(asked), ROWS)
    ] or [_block(asked, slice(0, 0), rules, bought, k)]
    depth = max(block.depth for block in blocks)
    return Pool(
        np.ascontiguousarray(np.concatenate([block.items for block in blocks])),
        np.ascontiguousarray(np.concatenate([block.relevance for block in blocks])),
        depth,
    )


def bought_by(log: Interactions, users: NDArray[np.int64], since: np.datetime64 | None) -> sparse.csr_matrix:
    """Who of these customers (in rows) bought which item, from a moment on or ever; any interaction where none is a purchase."""
    kept = log.kinds == Kind.purchase
    if not kept.any():
        kept = np.ones(len(log), np.bool_)
    if since is not None and log.times is not None:
        kept &= log.times >= since
    ones = np.ones(int(kept.sum()), np.int8)
    pairs = sparse.csr_matrix((ones, (log.users[kept], log.items[kept])), (log.n_users, log.n_items))
    return sparse.csr_matrix(pairs[users])


def by_segment(routes: Mapping[int, Mask], users: NDArray[np.int64], default: int = 0) -> NDArray[np.int32]:
    """Which model answers each customer: that of the first route whose members she is among, else the default."""
    model = np.full(len(users), -1, np.int32)
    for number, members in routes.items():
        model[(model < 0) & members[users]] = number
    return np.where(model < 0, default, model).astype(np.int32)


def _block(asked: Asked, rows: slice, rules: RuleSet, bought: sparse.csr_matrix | None, k: int) -> Pool:
    mine = None if bought is None else bought[rows]
    more = 0 if mine is None else int(np.diff(mine.indptr).max(initial=0))
    lists = _without(asked.best(rows, DEPTH + more, rules.allowed), mine, DEPTH)
    depth = lists.k
    pinned = [_without(asked.best(rows, k + more, mask), mine, k).items for _, mask in rules.pins]
    items = np.concatenate([lists.items, *pinned], axis=1)
    relevance = np.zeros(items.shape, np.float32)
    relevance[:, :depth] = relevance_of(lists.scores)
    return Pool(items, relevance, depth)


def _without(lists: Recommendations, bought: sparse.csr_matrix | None, k: int) -> Recommendations:
    """The lists without these pairs, closed up and cut to k."""
    if bought is None or not bought.nnz:
        return Recommendations(lists.items[:, :k], lists.scores[:, :k])
    owners = np.repeat(np.arange(len(lists), dtype=np.int64), np.diff(bought.indptr))
    keys = np.arange(len(lists), dtype=np.int64)[:, None] * bought.shape[1] + lists.items
    gone = np.isin(keys, owners * bought.shape[1] + bought.indices) | (lists.items == NO_ITEM)
    order = np.argsort(gone, axis=1, kind="stable")[:, :k]
    items = np.where(np.take_along_axis(gone, order, 1), NO_ITEM, np.take_along_axis(lists.items, order, 1))
    scores = np.where(items == NO_ITEM, -np.inf, np.take_along_axis(lists.scores, order, 1))
    return Recommendations(items.astype(np.int32), scores.astype(np.float32))

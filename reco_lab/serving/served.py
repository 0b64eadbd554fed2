"""Models as they serve, asked about other data than they learnt from: who answers whom, and which code is which."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.batch import UNKNOWN, UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.recommender import Codes, Scorer, Scores, State
from reco_lab.serving.snapshot import Ranker


@dataclass(frozen=True, eq=False)
class Served(Scorer):
    """Models in the order in which they are asked: each customer is scored by the first that knows something of her.

    They may have learnt from other data: `items` and `users` say which of their codes each code of the batches is
    (UNKNOWN: none). What they have never heard of stands last. `columns` are the attributes that they know.
    """

    chain: tuple[Ranker, ...]
    n_items: int
    items: NDArray[np.int64] | None = None
    users: NDArray[np.int64] | None = None
    columns: tuple[str, ...] | None = None
    folds_in: bool = field(default=True, init=False)

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Scores over all items (or those given) by whoever answers; nothing but zeros where nobody does."""
        asked = self._translated(batch)
        whole = np.zeros((len(batch), self.n_items), np.float32)
        for ranker, rows in self._shares(asked):
            scores = ranker.scorer.score(asked.take(rows).within(ranker.scorer.n_items))
            whole[rows] = self._laid_out(scores)
        return whole if items is None else whole[:, items]

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Whom any of them has something to say to."""
        found = np.zeros(len(batch), bool)
        for _, rows in self._shares(self._translated(batch)):
            found[rows] = True
        return found

    def state(self) -> State:
        """Nothing of its own: its models are kept one by one."""
        return State({})

    @cached_property
    def _known(self) -> NDArray[np.bool_]:
        return np.ones(self.n_items, bool) if self.items is None else self.items >= 0

    def _laid_out(self, scores: Scores) -> Scores:
        if self.items is None:
            return scores
        laid = np.repeat(scores.min(axis=1, keepdims=True) - 1, self.n_items, axis=1)
        laid[:, self._known] = scores[:, self.items[self._known]]
        return laid

    def _translated(self, batch: UserBatch) -> UserBatch:
        if self.items is None or self.users is None:
            return batch
        batch, beyond = batch.within(self.n_items), int(self.items.max(initial=0)) + 1
        items, known = self.items[batch.items], batch.codes >= 0
        codes = np.where(known, self.users[np.where(known, batch.codes, 0)], UNKNOWN)
        told = batch.attributes
        if told is not None:
            told = None if self.columns is None else told.reindex(columns=list(self.columns))
        within = replace(
            batch,
            codes=codes.astype(np.int32),
            items=np.where(items < 0, beyond, items).astype(np.int32),
            attributes=told,
        )
        return within.within(beyond)

    def _shares(self, batch: UserBatch) -> list[tuple[Ranker, NDArray[np.intp]]]:
        """Which rows of the batch each of the chain answers."""
        left, shares = np.arange(len(batch)), []
        for ranker in self.chain:
            if not len(left):
                break
            mine = _answered(ranker, batch.take(left))
            if mine.any():
                shares.append((ranker, left[mine]))
            left = left[~mine]
        return shares


def _answered(ranker: Ranker, batch: UserBatch) -> NDArray[np.bool_]:
    """Whom a ranker answers, as it does when it serves (see `Ranker.answers`)."""
    heard = batch.within(ranker.scorer.n_items)
    shown = heard if ranker.wants_attributes else replace(heard, attributes=None)
    told = (shown.codes >= 0) | (shown.attributes is not None)
    if ranker.stage is Stage.model:
        knows = (heard.lengths > 0) | (told & ranker.wants_attributes)
    else:
        knows = told | (ranker.stage is Stage.popular)
    answers: NDArray[np.bool_] = knows & ranker.scorer.answers(shown)
    return answers


def as_served(chain: Sequence[Ranker], learnt: Dataset, data: Dataset) -> Served:
    """Models that learnt from one version, asked about another."""
    if learnt.fingerprint == data.fingerprint:
        return Served(tuple(chain), data.interactions.n_items)
    own, asked = learnt.interactions, data.interactions
    columns = None if learnt.customers is None else tuple(map(str, learnt.customers.columns))
    return Served(
        tuple(chain),
        asked.n_items,
        own.item_ids.get_indexer(asked.item_ids).astype(np.int64),
        own.user_ids.get_indexer(asked.user_ids).astype(np.int64),
        columns,
    )

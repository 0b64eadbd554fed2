"""The customers a question is about, with their histories: an evaluation, a what-if and a live request alike."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.unchanging import once, unchanging

UNKNOWN = -1
FEW = 100  # of so few numbers Python finds the highest before numpy begins


@unchanging()
class UserBatch:
    """Customers in rows: their code (UNKNOWN for a stranger) and their history as CSR in time order.

    History arrays run over `indptr[row]:indptr[row + 1]`. Where a customer has both a code and a history,
    the history outranks the code. `attributes` has one row a customer, `context` says where the list will
    be shown (a slot, a device). `as_of` is the moment of asking.
    """

    codes: NDArray[np.int32]
    indptr: NDArray[np.int64]
    items: NDArray[np.int32]
    values: NDArray[np.float32]
    kinds: NDArray[np.uint8]
    times: NDArray[np.datetime64] | None = None
    as_of: np.datetime64 | None = None
    attributes: pd.DataFrame | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        log: Interactions,
        users: NDArray[np.integer[Any]],
        *,
        attributes: pd.DataFrame | None = None,
        as_of: np.datetime64 | None = None,
    ) -> "UserBatch":
        """The customers with these codes and the history that `log` holds of them.

        `attributes` is the data set's table of all customers, by code.
        """
        starts, ends = log.user_starts[users], log.user_starts[np.asarray(users) + 1]
        indptr = np.concatenate(([0], np.cumsum(ends - starts)))
        rows = np.repeat(starts - indptr[:-1], ends - starts) + np.arange(indptr[-1])
        return cls(
            codes=np.asarray(users, np.int32),
            indptr=indptr,
            items=log.items[rows],
            values=log.values[rows],
            kinds=log.kinds[rows],
            times=None if log.times is None else log.times[rows],
            as_of=as_of,
            attributes=None if attributes is None else attributes.iloc[users],
        )

    @classmethod
    def stranger(
        cls, items: Sequence[int] | NDArray[np.integer[Any]], *, attributes: pd.DataFrame | None = None
    ) -> "UserBatch":
        """One customer nobody knows, with this history of item codes, oldest first."""
        count = len(items)
        return cls(
            codes=np.array([UNKNOWN], np.int32),
            indptr=np.array([0, count]),
            items=np.asarray(items, np.int32).reshape(count),
            values=np.ones(count, np.float32),
            kinds=np.full(count, Kind.interaction, np.uint8),
            attributes=attributes,
        )

    def __len__(self) -> int:
        return len(self.codes)

    def rows(self, start: int, stop: int) -> "UserBatch":
        """The customers in these rows."""
        low, high = int(self.indptr[start]), int(self.indptr[min(stop, len(self))])
        return replace(
            self,
            codes=self.codes[start:stop],
            indptr=self.indptr[start : stop + 1] - low,
            items=self.items[low:high],
            values=self.values[low:high],
            kinds=self.kinds[low:high],
            times=None if self.times is None else self.times[low:high],
            attributes=None if self.attributes is None else self.attributes.iloc[start:stop],
        )

    def take(self, rows: NDArray[np.integer[Any]]) -> "UserBatch":
        """The customers in these rows, in this order."""
        lengths = self.lengths[rows]
        indptr = np.concatenate(([0], np.cumsum(lengths)))
        entries = np.repeat(self.indptr[rows] - indptr[:-1], lengths) + np.arange(indptr[-1])
        return replace(
            self,
            codes=self.codes[rows],
            indptr=indptr,
            items=self.items[entries],
            values=self.values[entries],
            kinds=self.kinds[entries],
            times=None if self.times is None else self.times[entries],
            attributes=None if self.attributes is None else self.attributes.iloc[rows],
        )

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many interactions each customer's history has."""
        return self.indptr[1:] - self.indptr[:-1]

    @once
    def highest(self) -> int:
        """The highest item code in any history; -1 where all are empty."""
        if len(self.items) <= FEW:
            return max(self.items.tolist(), default=-1)
        return int(np.maximum.reduce(self.items))

    @once
    def owners(self) -> NDArray[np.int64]:
        """The row of the batch that each history entry belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def within(self, n_items: int) -> "UserBatch":
        """The batch without the history entries that a model of these many items has never heard of."""
        return self if self.highest < n_items else self._keeping(self.items < n_items)

    def latest(self, n: int) -> "UserBatch":
        """The batch with no more than the last n entries of each history."""
        return self._keeping(np.repeat(self.indptr[1:], self.lengths) - np.arange(len(self.items)) <= n)

    def _keeping(self, known: NDArray[np.bool_]) -> "UserBatch":
        if known.all():
            return self
        counts = np.bincount(self.owners[known], minlength=len(self))
        return replace(
            self,
            indptr=np.concatenate(([0], np.cumsum(counts))),
            items=self.items[known],
            values=self.values[known],
            kinds=self.kinds[known],
            times=None if self.times is None else self.times[known],
        )

    def matrix(self, n_items: int) -> sparse.csr_matrix:
        """The histories as float32 customers x items, 1 where there is any interaction.

        Raises ValueError for an item code beyond `n_items` (see `within`).
        """
        starts, items = self.distinct(n_items)
        return sparse.csr_matrix((np.ones(len(items), np.float32), items, starts), shape=(len(self), n_items))

    def distinct(self, n_items: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The different items of each history, sorted: where each customer's begin, and their codes.

        Raises ValueError for an item code beyond `n_items` (see `within`).
        """
        if self.highest >= n_items:
            raise ValueError(f"item code {self.highest} is beyond the {n_items} items that are known")
        if len(self) == 1:
            items = np.sort(self.items)
            first = np.ones(len(items), bool)
            np.not_equal(items[1:], items[:-1], out=first[1:])
            items = items[first]
            return np.array([0, len(items)], np.int32), np.asarray(items, np.int32)
        pairs = self.owners * np.int64(n_items) + self.items
        if (pairs[1:] > pairs[:-1]).all():
            return self.indptr.astype(np.int32), self.items
        pairs.sort()
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        owners, items = np.divmod(pairs, n_items)
        starts = np.searchsorted(owners, np.arange(len(self) + 1)).astype(np.int32)
        return starts, items.astype(np.int32)

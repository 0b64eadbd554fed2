"""The rows of a data set that a scope leaves, laid out so that each question is one pass over them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.analysis.periods import MICROSECONDS, as_day
from reco_lab.analysis.scope import Scope
from reco_lab.analysis.tables import Tables
from reco_lab.core.catalogue import category_pairs
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import Interactions, Kind

BLOCK = 1 << 20
CLEARLY = 1.25
NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class View:
    """What an analysis looks at: the rows of `log` in `scope`, with the day (since 1970) of each.

    `debut` is the first day of each customer in the whole log, whatever span of days the scope leaves: a
    customer is new once. It follows the codes of the customers; whoever never came has NEVER.
    """

    data: Dataset
    scope: Scope
    log: Interactions
    days: NDArray[np.int32] | None
    debut: NDArray[np.int32] | None

    @cached_property
    def tables(self) -> Tables:
        """The rows as table `log`: user, item, kind, value and, where times are known, time, day and visit.

        `visit` marks the first row of each customer on each day.
        """
        log = self.log
        columns: dict[str, np.ndarray] = {
            "user": log.users,
            "item": log.items,
            "kind": log.kinds,
            "value": log.values,
        }
        if log.times is not None and self.days is not None:
            columns |= {"time": log.times.view(np.int64), "day": self.days, "visit": self.visits}
        return Tables.of({"log": columns})

    @cached_property
    def visits(self) -> NDArray[np.bool_]:
        """Marks the first row of each customer on each day; needs times."""
        return firsts(self.log.users, self.dated)

    @property
    def dated(self) -> NDArray[np.int32]:
        """The day of each row; asked for only where times are known."""
        if self.days is None:
            raise DataError("This data set has no times.", fix="Import it with the column that says when.")
        return self.days

    @property
    def span(self) -> tuple[int, int] | None:
        """The first and the last day; None without times."""
        return None if self.days is None else (int(self.days.min()), int(self.days.max()))

    @cached_property
    def per_customer(self) -> NDArray[np.int64]:
        """How many rows each active customer has."""
        counts = np.diff(self.log.user_starts)
        return counts[counts > 0]

    @cached_property
    def per_item(self) -> NDArray[np.int64]:
        """How many rows each item has, by code."""
        found = self.tables.ask("select item, count(*) as rows from log group by item")
        counts = np.zeros(self.log.n_items, np.int64)
        counts[found["item"].to_numpy()] = found["rows"].to_numpy()
        return counts

    @cached_property
    def categories(self) -> pd.DataFrame | None:
        """Which item is in which category; None where none are known."""
        return category_pairs(self.data)

    @cached_property
    def audience(self) -> NDArray[np.int64]:
        """How many different customers touched each item, by code."""
        return audience(self.log)


def look(data: Dataset, scope: Scope) -> View:
    """Lay out the rows that a scope leaves; DataError where it leaves none."""
    wide = _without_days(data, scope)
    days = None if wide.times is None else day_of(wide.times)
    debut = None if days is None else _debut(wide, days)
    log = wide
    if days is not None and (scope.start or scope.end):
        low = as_day(scope.start) if scope.start else days.min()
        high = as_day(scope.end) if scope.end else days.max()
        rows = np.flatnonzero((days >= low) & (days <= high))
        log, days = wide.take(rows), days[rows]
    if not len(log):
        raise DataError("Nothing in this data set fits the filter.", fix="Widen or clear the filter.")
    return View(data, scope, log, days, debut)


def day_of(times: NDArray[np.datetime64]) -> NDArray[np.int32]:
    """The day of each moment (in microseconds), counted from 1970."""
    days = np.empty(len(times), np.int32)
    return np.floor_divide(times.view(np.int64), MICROSECONDS, out=days, casting="unsafe")


def firsts(*keys: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Marks where any of the keys differs from the row before; the first row is marked."""
    marks = np.ones(len(keys[0]), np.bool_)
    np.not_equal(keys[0][1:], keys[0][:-1], out=marks[1:])
    for key in keys[1:]:
        marks[1:] |= key[1:] != key[:-1]
    return marks


def audience(log: Interactions) -> NDArray[np.int64]:
    """How many different customers touched each item, by code.

    A counting sort by item leaves the customers of an item in order, so that each is seen once.
    """
    ones = np.ones(len(log), np.int8)
    starts = log.user_starts.astype(np.int32)
    by_item = sparse.csr_array((ones, log.items, starts), shape=(log.n_users, log.n_items)).tocsc()
    marks = firsts(by_item.indices)
    touched = np.diff(by_item.indptr) > 0
    begins = by_item.indptr[:-1][touched]
    marks[begins] = True
    counts = np.zeros(log.n_items, np.int64)
    counts[touched] = np.add.reduceat(marks, begins, dtype=np.int64)
    return counts


def blocks(rows: int) -> Iterator[slice]:
    """The rows piece by piece, each piece with the last row of the one before: what is made on the way stays small."""
    for start in range(0, rows, BLOCK):
        yield slice(max(0, start - 1), min(rows, start + BLOCK))


def only(log: Interactions, kind: Kind) -> Interactions:
    """The rows of one kind."""
    return log.take(np.flatnonzero(log.kinds == kind))


def sample(log: Interactions, most: int) -> tuple[Interactions, float]:
    """Whole histories of some customers, about `most` rows of a log that is clearly longer, and the share taken.

    Which customers are taken depends on nothing but their place in the list of ids: the same ones each time.
    """
    if len(log) <= most * CLEARLY:
        return log, 1.0
    share = most / len(log)
    lots = (np.arange(log.n_users, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
    taken = lots < np.uint64(share * 2**24)
    return log.take(np.flatnonzero(taken[log.users])), share


def _without_days(data: Dataset, scope: Scope) -> Interactions:
    log = data.interactions
    keep = np.ones(len(log), np.bool_)
    if scope.kinds:
        keep &= np.isin(log.kinds, scope.kinds)
    if scope.categories:
        pairs = category_pairs(data)
        wanted = np.zeros(log.n_items, np.bool_)
        if pairs is not None:
            wanted[pairs["item"][pairs["category"].isin(scope.categories)]] = True
        keep &= wanted[log.items]
    return log if keep.all() else log.take(np.flatnonzero(keep))


def _debut(log: Interactions, days: NDArray[np.int32]) -> NDArray[np.int32]:
    """The rows of a customer are in the order of their times, so the first is the earliest."""
    starts = log.user_starts
    came = np.diff(starts) > 0
    first = np.full(log.n_users, NEVER, np.int32)
    first[came] = days[starts[:-1][came]]
    return first

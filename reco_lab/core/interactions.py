"""The log of what customers did: clean by construction, ids outside, codes inside."""

import hashlib
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.errors import DataError, MappingError
from reco_lab.core.ordering import arranged, latest, side_by_side
from reco_lab.core.words import agree, count

Rows = NDArray[np.intp]
LONGEST_ID = 256
_SOME, _FOUR_BYTES = 1 << 20, 1 << 32


class Kind(IntEnum):
    """What a customer did. The order never changes: stored codes rely on it."""

    interaction = 0
    view = 1
    click = 2
    cart = 3
    purchase = 4
    rating = 5


@dataclass(frozen=True)
class ColumnMap:
    """Which column of a table means what. `kinds` translates the words of the kind column."""

    user: str
    item: str
    value: str | None = None
    time: str | None = None
    kind: str | None = None
    kinds: dict[str, Kind] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Interactions:
    """The interactions of a data set, in canonical order (user, time, item, kind, value).

    `users` and `items` are int32 codes into `user_ids` and `item_ids` (sorted text), `values` float32,
    `times` UTC in microseconds or None, `kinds` codes of `Kind`. Whoever holds one knows that it is clean:
    no missing ids, no value or time that is not a number. Equal pairs may repeat: a customer can buy twice.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    values: NDArray[np.float32]
    times: NDArray[np.datetime64] | None
    kinds: NDArray[np.uint8]
    user_ids: pd.Index
    item_ids: pd.Index

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, columns: ColumnMap) -> "Interactions":
        """Build the log from a table that is already clean; anything that is not is refused.

        Ids are taken as text. Values default to 1, kinds to `interaction` (`rating` where values are given
        without kinds). Times must already be datetimes. Raises MappingError for a column that is not there,
        DataError for missing ids, values that are not finite or times that are missing.
        """
        for name in (columns.user, columns.item, columns.value, columns.time, columns.kind):
            if name is not None and name not in frame.columns:
                raise MappingError(
                    f"There is no column {name!r}.", fix=f"There are: {', '.join(map(str, frame.columns))}."
                )
        if frame.empty:
            raise DataError("There are no interactions in it.", fix="Bring a file with at least one row.")
        users, user_ids = _codes(frame[columns.user], "customer")
        items, item_ids = _codes(frame[columns.item], "item")
        values = np.ones(len(frame), np.float32) if columns.value is None else _values(frame[columns.value])
        times = None if columns.time is None else _times(frame[columns.time])
        default = Kind.interaction if columns.value is None else Kind.rating
        kinds = (
            np.full(len(frame), default, np.uint8)
            if columns.kind is None
            else _kinds(frame[columns.kind], columns)
        )
        log = cls(users, items, values, times, kinds, user_ids, item_ids)
        return log.in_order()[0]

    @classmethod
    def from_codes(
        cls,
        users: NDArray[np.int32],
        items: NDArray[np.int32],
        values: NDArray[np.float32],
        times: NDArray[np.datetime64] | None,
        kinds: NDArray[np.uint8],
        user_ids: pd.Index,
        item_ids: pd.Index,
    ) -> "Interactions":
        """Build the log from clean columns whose ids are coded already; the rows may come in any order.

        Raises ValueError for what `Interactions` rules out: codes that name nobody, ids that are not sorted or
        repeat, values that are not finite, times that are missing.
        """
        for codes, ids in ((users, user_ids), (items, item_ids)):
            if not (ids.is_monotonic_increasing and ids.is_unique):
                raise ValueError("ids must be sorted and different")
            if len(codes) and (codes.min() < 0 or codes.max() >= len(ids)):
                raise ValueError("a code names nobody")
        if not np.isfinite(values).all() or (times is not None and np.isnat(times).any()):
            raise ValueError("a value or a time is missing")
        log = cls(users, items, values, times, kinds, user_ids, item_ids)
        return log.in_order()[0]

    def __len__(self) -> int:
        return len(self.users)

    @property
    def n_users(self) -> int:
        """How many customers the codes can name."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """How many items the codes can name."""
        return len(self.item_ids)

    def take(self, rows: Rows | NDArray[np.bool_]) -> "Interactions":
        """The interactions at these rows (ascending positions or a mask); codes keep their meaning.

        Raises ValueError for positions out of order: everything relies on the canonical order.
        """
        if rows.dtype != np.bool_ and (np.diff(rows) < 0).any():
            raise ValueError("rows must be taken in ascending order")
        given = self._columns
        taken = side_by_side(lambda column: column[rows], given.values(), len(self))
        columns: dict[str, Any] = dict(zip(given, taken, strict=True))
        return replace(self, **columns)

    def in_order(self, *beside: NDArray[Any]) -> tuple["Interactions", list[NDArray[Any]]]:
        """The log brought into canonical order (user, time, item, kind, value), with columns beside it."""
        given = self._columns
        arrays = arranged(list(given.values()), beside)
        columns: dict[str, Any] = dict(zip(given, arrays, strict=False))
        return replace(self, **columns), arrays[len(given) :]

    @property
    def _columns(self) -> dict[str, NDArray[Any]]:
        """The columns there are, in the order by which rows are sorted."""
        names = ("users", "times", "items", "kinds", "values")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def of_kinds(self, kinds: tuple[Kind, ...]) -> "Interactions":
        """Only the interactions of these kinds; no kinds means all."""
        return self.take(np.isin(self.kinds, kinds)) if kinds else self

    @cached_property
    def matrix(self) -> sparse.csr_matrix:
        """Who touched what: float32 users x items, 1 where there is any interaction, indices sorted."""
        pairs = self.pairs
        users, items = np.divmod(pairs, self.n_items)
        indptr = np.searchsorted(users, np.arange(self.n_users + 1)).astype(np.int32)
        ones = np.ones(len(pairs), np.float32)
        return sparse.csr_matrix((ones, items.astype(np.int32), indptr), shape=(self.n_users, self.n_items))

    @cached_property
    def pairs(self) -> NDArray[np.int64]:
        """The distinct (user, item) pairs as user * n_items + item, sorted."""
        edges = self.user_starts[
            np.searchsorted(self.user_starts, np.arange(0, len(self) + _SOME, _SOME))[:-1]
        ]
        places = np.unique([0, *edges, len(self)]).tolist()
        parts = side_by_side(self._pairs, pairwise(places), len(self))
        return np.concatenate([np.zeros(0, np.int64), *parts])

    def _pairs(self, part: tuple[int, int]) -> NDArray[np.int64]:
        """The distinct pairs of some customers' rows, sorted in as few bytes as they need."""
        low, high = part
        first, last = int(self.users[low]), int(self.users[high - 1])
        small = (last - first + 1) * self.n_items <= _FOUR_BYTES
        kind: type[np.uint32 | np.int64] = np.uint32 if small else np.int64
        keys: NDArray[Any] = (self.users[low:high] - first).astype(kind)
        keys = keys * kind(self.n_items) + self.items[low:high].astype(kind)
        if not (keys[1:] > keys[:-1]).all():
            keys.sort()
            keys = keys[np.append(True, keys[1:] != keys[:-1])]
        return np.asarray(keys, np.int64) + first * self.n_items

    @cached_property
    def ratings(self) -> "Interactions":
        """The rows of kind rating, one a pair (its latest): what a rating predictor learns from."""
        rows = self.of_kinds((Kind.rating,))
        keys = rows.users.astype(np.int64) * self.n_items + rows.items
        last = latest(keys)
        return rows if len(last) == len(rows) else rows.take(np.sort(last))

    @cached_property
    def user_starts(self) -> NDArray[np.int64]:
        """Where each customer's rows begin, one more than there are customers: the log is grouped by customer."""
        return np.searchsorted(self.users, np.arange(self.n_users + 1))

    @cached_property
    def item_counts(self) -> NDArray[np.int64]:
        """How many distinct customers touched each item."""
        return np.bincount(self.pairs % self.n_items, minlength=self.n_items)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of ids and rows: the same log has the same fingerprint on every machine."""
        digest = hashlib.sha256()
        for ids in (self.user_ids, self.item_ids):
            digest.update("\0".join(ids).encode() + b"\1")
        for array in (self.users, self.items, self.values, self.times, self.kinds):
            digest.update(b"none" if array is None else np.ascontiguousarray(array).view(np.uint8).data)
        return digest.hexdigest()

    def frame(self) -> pd.DataFrame:
        """The log as a table with external ids: user, item, value, kind and, where known, time."""
        table: dict[str, Any] = {
            "user": self.user_ids.take(self.users),
            "item": self.item_ids.take(self.items),
            "value": self.values,
            "kind": np.array([kind.name for kind in Kind])[self.kinds],
        }
        return pd.DataFrame(table if self.times is None else table | {"time": self.times})


def _codes(column: pd.Series, what: str) -> tuple[NDArray[np.int32], pd.Index]:
    if missing := int(column.isna().sum()):
        raise DataError(
            f"{count(missing, 'row')} {agree(missing, 'has', 'have')} no {what} id.",
            fix="Leave these rows out first.",
        )
    codes, ids = pd.factorize(column.astype("str"), sort=True)
    longest = int(ids.str.len().max())
    if longest > LONGEST_ID:
        raise DataError(f"A {what} id has {longest} characters; at most {LONGEST_ID} are allowed.")
    return codes.astype(np.int32), pd.Index(ids, dtype="str")


def _values(column: pd.Series) -> NDArray[np.float32]:
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float32, na_value=np.nan)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        verb = agree(bad, "is no finite number", "are no finite numbers")
        raise DataError(
            f"{count(bad, 'value')} in column {column.name!r} {verb}.", fix="Leave these rows out first."
        )
    return values


def _times(column: pd.Series) -> NDArray[np.datetime64]:
    if not pd.api.types.is_datetime64_any_dtype(column):
        raise MappingError(
            f"Column {column.name!r} does not hold times.", fix="Choose the column that says when."
        )
    if missing := int(column.isna().sum()):
        verb = agree(missing, "has", "have")
        raise DataError(f"{count(missing, 'row')} {verb} no time.", fix="Leave these rows out first.")
    naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz is not None else column
    return naive.to_numpy("datetime64[us]")


def _kinds(column: pd.Series, columns: ColumnMap) -> NDArray[np.uint8]:
    words = {name: kind for kind in Kind for name in (kind.name,)} | columns.kinds
    codes = column.astype("str").map(words)
    if codes.isna().any():
        unknown = sorted(set(column[codes.isna()].astype("str")))[:5]
        raise MappingError(
            f"The kind column says {', '.join(map(repr, unknown))}, which is not known.",
            fix=f"Say what each word means: {', '.join(kind.name for kind in Kind)}.",
        )
    return np.asarray(codes, np.uint8)

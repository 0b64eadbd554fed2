"""A log cleaned that is too large to hold as a table: the same rules over codes, a few bytes a row."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.coded import ReadColumn, read_ids, read_kinds, read_times, read_values
from reco_lab.cleaning.interactions import refused_rows
from reco_lab.cleaning.steps._leaving import LeavesOut
from reco_lab.cleaning.steps.pseudonyms import Pseudonyms
from reco_lab.cleaning.times import check_range, outside_range
from reco_lab.core.coded import CodedFile
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.core.recipe import Reading
from reco_lab.core.step import Step, StepContext

_WHAT = {"user": "customer", "item": "item"}


@dataclass(frozen=True, eq=False)
class CleanCodes:
    """The log of a large file, with the account of its other rows."""

    log: Interactions
    refused: pd.DataFrame
    mended: Mapping[str, int]
    notes: Mapping[str, str]


def row_by_row(steps: Sequence[Step]) -> bool:
    """Whether each step looks at one row at a time."""
    return all(
        isinstance(one, Pseudonyms) or (isinstance(one, LeavesOut) and one.row_by_row) for one in steps
    )


class CodedLog:
    """A coded file on its way to a log."""

    def __init__(self, coded: CodedFile, mapping: ColumnMap, reading: Reading, ctx: StepContext) -> None:
        self._coded, self._mapping, self._reading, self._ctx = coded, mapping, reading, ctx
        self._columns: dict[str, ReadColumn] = {}
        self._first = np.zeros(coded.rows, np.int8)
        self._known = [""]
        self._mended: dict[str, int] = {}
        self._codes: dict[str, NDArray[np.int32]] = {}
        self._names: dict[str, pd.Index] = {}
        for role, what in _WHAT.items():
            self._read_ids(role, what)
        self._coded.rest()

    def customers(self) -> pd.DataFrame:
        """The customers' ids, each once, as a table for the steps to look at."""
        return pd.DataFrame({"user": pd.Series(self._names["user"], dtype="str")})

    def clean(self, steps: Sequence[Step], kind: Kind, folder: Path) -> CleanCodes:
        """Read the other columns, run the steps and build the log; `kind` is that of rows whose column is not given.

        `folder` is for notes while the file is read again to show what was refused. Raises as
        `clean_interactions`.
        """
        self._read_others()
        changes = self._mend(steps)
        kept = self._first == 0
        times = self._times()
        self._check_range(times, kept, folder)
        if not kept.any():
            raise DataError(
                f"No row can be used: each {self._known[self._first[0]]}.",
                fix="Check which column means what.",
            )
        notes = {role: one.note for role, one in self._columns.items() if one.note}
        log = self._log(kept, times, kind)
        return CleanCodes(log, self._refused(kept, folder), self._mended | changes, notes)

    def said_of_items(self, names: Collection[str]) -> tuple[pd.DataFrame, pd.Series, NDArray[np.int64]]:
        """The texts of the cleaned rows in these columns, their items, and in how many rows they stand; equal ones once."""
        pieces = {name: self._coded.pieces(name) for name in sorted(names)}
        parts, times = [pd.DataFrame(columns=["", *pieces], dtype="str")], [np.zeros(0, np.int64)]
        for at, item in enumerate(self._columns["item"].pieces if names else ()):
            codes = pd.DataFrame({"": self._codes["item"][item.codes]})
            codes = codes.assign(**{name: column[at].values for name, column in pieces.items()})
            codes, number = _once(codes[self._first[item.rows] == 0])
            texts = {name: column[at].as_text(codes[name]) for name, column in pieces.items()}
            parts.append(
                pd.DataFrame(
                    {"": self._names["item"].take(codes[""].to_numpy(np.intp)).to_series(codes.index)} | texts
                )
            )
            times.append(number)
        rows, number = _once(pd.concat(parts, ignore_index=True), np.concatenate(times))
        return rows, rows[""], number

    def _read_ids(self, role: str, what: str) -> None:
        column, mended = read_ids(self._coded.pieces(getattr(self._mapping, role)), what)
        self._mended |= mended
        self._columns[role] = column
        column.reasons(self._first, self._known)
        piece = column.pieces[0]
        usable = ~np.logical_or.reduce(list(piece.refused.values()))
        codes = np.full(len(usable), -1, np.int32)
        codes[usable], names = pd.factorize(piece.values[usable])
        self._codes[role], self._names[role] = codes, pd.Index(names, dtype="str")

    def _read_others(self) -> None:
        mapping, now = self._mapping, self._ctx.now
        if mapping.value is not None:
            pieces = self._coded.pieces(mapping.value)
            self._columns["value"] = read_values(pieces, mapping.value, self._reading)
        if mapping.time is not None:
            pieces = self._coded.pieces(mapping.time)
            self._columns["time"] = read_times(pieces, mapping.time, self._reading, now)
        if mapping.kind is not None:
            pieces = self._coded.pieces(mapping.kind)
            self._columns["kind"] = read_kinds(pieces, mapping.kind, self._reading)
        for role in ("value", "time", "kind"):
            if role in self._columns:
                self._columns[role].reasons(self._first, self._known)

    def _mend(self, steps: Sequence[Step]) -> dict[str, int]:
        """Run the steps; how many rows each changed."""
        changes: dict[str, int] = {}
        left_out = np.zeros(self._coded.rows, bool)
        for step in steps:
            if isinstance(step, Pseudonyms):
                named = self._fill(step.role) >= 0
                count = int(np.count_nonzero(named & ~left_out))
                if count:
                    changes[step.title.lower()] = count
                self._rename(step)
            elif isinstance(step, LeavesOut):
                self._leave_out(step, left_out)
        return changes

    def _rename(self, step: Pseudonyms) -> None:
        new = step.apply(pd.DataFrame({step.role: self._names[step.role]}), self._ctx).frame[step.role]
        codes, names = pd.factorize(new)
        known = self._codes[step.role]
        self._codes[step.role] = np.append(codes, -1).astype(np.int32)[known]
        self._names[step.role] = pd.Index(names, dtype="str")

    def _leave_out(self, step: LeavesOut, left_out: NDArray[np.bool_]) -> None:
        for piece in self._columns["user"].pieces:
            flagged = step.flagged(self._frame(piece.rows), self._ctx) & ~left_out[piece.rows]
            left_out[piece.rows] |= flagged
            first = self._first[piece.rows]
            if (new := flagged & (first == 0)).any():
                if step.reason not in self._known:
                    self._known.append(step.reason)
                first[new] = self._known.index(step.reason)

    def _frame(self, rows: slice) -> pd.DataFrame:
        """Some rows with what was read of them, as steps see them."""
        columns: dict[str, Any] = {}
        for role, column in self._columns.items():
            if role in _WHAT:
                values = self._codes[role][column.codes(rows)]
                columns[role] = pd.Categorical.from_codes(values, self._names[role])
            else:
                columns[role] = column.rows(rows).array
        return pd.DataFrame(columns, index=range(rows.start, rows.stop))

    def _times(self) -> NDArray[np.datetime64] | None:
        column = self._columns.get("time")
        if column is None:
            return None
        if len(column.pieces) == 1 and column.pieces[0].codes is None:
            return column.pieces[0].values.to_numpy("datetime64[us]")
        times = np.empty(self._coded.rows, "datetime64[us]")
        column.fill(times, lambda values: values.to_numpy("datetime64[us]"))
        return times

    def _check_range(
        self, times: NDArray[np.datetime64] | None, kept: NDArray[np.bool_], folder: Path
    ) -> None:
        if times is None or self._mapping.time is None:
            return
        outside = np.flatnonzero(kept & outside_range(times, self._ctx.now))[:1]
        for frame in self._coded.frames(outside, folder) if len(outside) else ():
            moment = pd.Series(times[outside])
            check_range(frame[self._mapping.time], moment, np.ones(1, bool), self._ctx.now)

    def _log(self, kept: NDArray[np.bool_], times: NDArray[np.datetime64] | None, kind: Kind) -> Interactions:
        rows: Any = slice(None) if kept.all() else kept
        count = int(kept.sum())
        users, user_ids = self._sorted_ids("user", rows)
        items, item_ids = self._sorted_ids("item", rows)
        values = np.ones(count, np.float32)
        if "value" in self._columns:
            values = np.empty(self._coded.rows, np.float32)
            self._columns["value"].fill(values, lambda one: one.to_numpy(np.float64).astype(np.float32))
            values = values[rows]
        kinds = np.full(count, kind, np.uint8)
        if "kind" in self._columns:
            kinds = np.empty(self._coded.rows, np.uint8)
            self._columns["kind"].fill(kinds, _kind_codes)
            kinds = kinds[rows]
        when = None if times is None else times[rows]
        self._columns.pop("time", None)
        self._coded.rest()
        return Interactions.from_codes(users, items, values, when, kinds, user_ids, item_ids)

    def _sorted_ids(self, role: str, rows: Any) -> tuple[NDArray[np.int32], pd.Index]:
        """Codes of the kept rows into their ids in the order of text."""
        codes = self._fill(role)[rows]
        used = np.zeros(len(self._names[role]), bool)
        used[codes] = True
        ranks, ids = pd.factorize(self._names[role][used], sort=True)
        places = np.full(len(used), -1, np.int32)
        places[used] = ranks
        return places[codes], pd.Index(ids, dtype="str")

    def _fill(self, role: str) -> NDArray[np.int32]:
        target = np.empty(self._coded.rows, np.int32)
        for piece in self._columns[role].pieces:
            target[piece.rows] = self._codes[role][piece.codes]
        return target

    def _refused(self, kept: NDArray[np.bool_], folder: Path) -> pd.DataFrame:
        left = np.flatnonzero(~kept)
        if not len(left):
            return pd.DataFrame({"line": np.zeros(0, np.int64), "reason": "", "text": ""}).iloc[:0]
        tables, at = [], 0
        words = np.array(self._known, object)
        for frame in self._coded.frames(left, folder):
            reasons = pd.Series(words[self._first[left[at : at + len(frame)]]], dtype="str")
            tables.append(refused_rows(frame, reasons))
            at += len(frame)
        return pd.concat(tables, ignore_index=True)


def _kind_codes(names: pd.Series) -> NDArray[np.uint8]:
    return np.array([Kind.__members__.get(str(name), Kind.interaction) for name in names], np.uint8)


def _once(
    rows: pd.DataFrame, times: NDArray[np.int64] | None = None
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Rows without repetitions, in the order in which they come first, and how often each stands there."""
    number = rows.groupby(list(rows), sort=False, dropna=False).ngroup().to_numpy(np.int64)
    return rows.drop_duplicates(ignore_index=True), np.bincount(number, times).astype(np.int64)

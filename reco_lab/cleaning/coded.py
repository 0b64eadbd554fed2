"""Coded columns read by the same rules as columns of text: each distinct text once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.cleaned import Cleaned, Cleaner
from reco_lab.cleaning.ids import clean_ids
from reco_lab.cleaning.kinds import clean_kinds
from reco_lab.cleaning.times import SOME, TAKEN_AS, clean_epochs, clean_times, said_together
from reco_lab.cleaning.values import clean_values
from reco_lab.core.coded import Piece
from reco_lab.core.errors import DataError, InputError
from reco_lab.core.recipe import Reading

_ISO = "ISO dates"


@dataclass(frozen=True, eq=False)
class ReadPiece:
    """Some rows of a column that was read: `values[codes]`, or `values` by row where `codes` is None.

    The last of the values by code stands for a row without a text; `refused` has a mask over the values for
    each reason.
    """

    rows: slice
    codes: NDArray[np.int32] | None
    values: pd.Series
    refused: dict[str, NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class ReadColumn:
    """A column that was read, and how."""

    pieces: list[ReadPiece]
    note: str = ""
    mended: tuple[str, ...] = ()

    def fill(self, target: NDArray[Any], convert: Callable[[pd.Series], NDArray[Any]]) -> None:
        """Write the values of all rows, converted once for each distinct one."""
        last: tuple[pd.Series | None, Any] = (None, None)
        for piece in self.pieces:
            if piece.values is not last[0]:
                last = piece.values, convert(piece.values)
            target[piece.rows] = last[1] if piece.codes is None else last[1][piece.codes]

    def codes(self, rows: slice) -> NDArray[np.int32]:
        """The codes of rows that lie in one piece."""
        piece = self._piece(rows)
        codes = np.arange(len(piece.values), dtype=np.int32) if piece.codes is None else piece.codes
        return codes[rows.start - piece.rows.start : rows.stop - piece.rows.start]

    def rows(self, rows: slice) -> pd.Series:
        """The values of rows that lie in one piece, missing where refused."""
        piece = self._piece(rows)
        bad = np.logical_or.reduce([np.zeros(len(piece.values), bool), *piece.refused.values()])
        values = piece.values.mask(bad) if bad.any() else piece.values
        return values.iloc[self.codes(rows)]

    def _piece(self, rows: slice) -> ReadPiece:
        return next(one for one in self.pieces if one.rows.start <= rows.start and rows.stop <= one.rows.stop)

    def reasons(self, first: NDArray[np.int8], known: list[str]) -> None:
        """Note for each row without a reason yet why it is refused, as a place in `known`, which grows."""
        for piece in self.pieces:
            by_value = np.zeros(len(piece.values), np.int8)
            for reason, flagged in piece.refused.items():
                if reason not in known and flagged.any():
                    known.append(reason)
                if flagged.any():
                    by_value[flagged & (by_value == 0)] = known.index(reason)
            if not by_value.any():
                continue
            rows = first[piece.rows]
            mine = by_value if piece.codes is None else by_value[piece.codes]
            rows[rows == 0] = mine[rows == 0]


def read_ids(pieces: Sequence[Piece], what: str) -> tuple[ReadColumn, dict[str, int]]:
    """Ids of a column whose pieces share their texts, and what was mended in how many rows."""
    column = _together(pieces, partial(clean_ids, what=what), what)
    texts = pieces[0].texts
    if texts is None or not column.mended:
        return column, {}
    canonical = column.pieces[0].values.to_numpy(object)[:-1]
    changed = np.append((canonical != texts.to_numpy(object)) & (canonical != ""), False)
    count = sum(int(np.count_nonzero(changed[piece.values])) for piece in pieces)
    return column, dict.fromkeys(column.mended, count)


def read_kinds(pieces: Sequence[Piece], name: str, reading: Reading) -> ReadColumn:
    """Names of kinds."""
    return _together(pieces, partial(clean_kinds, meanings=reading.kinds), name)


def read_values(pieces: Sequence[Piece], name: str, reading: Reading) -> ReadColumn:
    """Numbers. DataError where only the whole column could tell its decimal mark."""
    try:
        return _together(pieces, partial(clean_values, decimal=reading.decimal), name)
    except _DifferentError as error:
        raise DataError(
            f"Column {name!r} writes numbers in more than one way.",
            fix="Say which decimal mark the column uses.",
        ) from error


def read_times(pieces: Sequence[Piece], name: str, reading: Reading, now: datetime) -> ReadColumn:
    """Times in UTC. Raises as `clean_times` with `stop` false, or DataError for ways of writing that do not go together.

    Dates with the year first go with any others, as they mean one day only.
    """
    if all(piece.texts is None for piece in pieces):
        read = clean_epochs([piece.values for piece in pieces], name, now)
        if read is not None:
            return ReadColumn([ReadPiece(slice(0, len(read.values)), None, read.values, {})], read.note)
    clean = partial(clean_times, now=now, zone=reading.zone, stop=False)
    try:
        return _together(pieces, partial(clean, day_first=reading.day_first), name)
    except _DifferentError as error:
        decided = {note for note in error.notes if note.startswith("dates with the ")}
        if len(decided) == 1 and error.notes - decided <= {_ISO}:
            day_first = "the day before" in next(iter(decided))
            return _together(pieces, partial(clean, day_first=day_first), name, beside=_ISO)
        raise DataError(
            f"Column {name!r} writes times in more than one way: {'; '.join(sorted(error.notes))}.",
            fix="Write them all in one way, best as YYYY-MM-DD.",
        ) from error


class _DifferentError(Exception):
    """Pieces that were understood in different ways, or some not at all."""

    def __init__(self, notes: set[str]) -> None:
        self.notes = notes
        super().__init__(notes)


def _together(pieces: Sequence[Piece], cleaner: Cleaner, name: str, beside: str = "") -> ReadColumn:
    """The pieces, each read on its own and all in the same way, but for the one that may stand `beside` any other."""
    read: list[ReadPiece] = []
    notes: dict[str, str] = {}
    errors = []
    known: dict[int, Cleaned] = {}
    for piece in _shared(pieces):
        try:
            if id(piece.texts) not in known:
                known = {id(piece.texts): cleaner(_with_missing(piece, name))}
        except InputError as error:
            errors.append(error)
            continue
        cleaned = known[id(piece.texts)]
        read.append(_as_read(piece, cleaned))
        way = cleaned.note.partition(SOME)[0].partition(TAKEN_AS)[0]
        notes[way] = max(notes.get(way, ""), cleaned.note, key=len)
    if errors and not notes:
        raise errors[0]
    if errors or len(notes.keys() - {beside}) > 1:
        raise _DifferentError({*notes})
    mended = tuple({what: 1 for one in known.values() for what in one.mended})
    return ReadColumn(read, said_together(notes.values()), mended)


def _as_read(piece: Piece, cleaned: Cleaned) -> ReadPiece:
    return ReadPiece(piece.rows, piece.values, cleaned.values, dict(cleaned.refused))


def _with_missing(piece: Piece, name: str) -> pd.Series:
    """The distinct texts and, at the end, none."""
    assert piece.texts is not None  # noqa: S101 - `_shared` leaves no numbers
    return pd.concat([piece.texts, pd.Series([None], dtype="str")], ignore_index=True).rename(name)


def _shared(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, with numbers as codes of their texts."""
    if all(piece.texts is not None for piece in pieces):
        return list(pieces)
    found = []
    for piece in pieces:
        if piece.texts is not None:
            found.append(piece)
            continue
        codes, numbers = pd.factorize(piece.values)
        found.append(Piece(piece.start, codes.astype(np.int32), pd.Series(numbers).astype("str")))
    return found

"""Careful parsing: every physical line of a delimited text is either loaded or refused, never swallowed."""

import csv
import io
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

import pyarrow as pa

from reco_lab.core.source import Refused
from reco_lab.core.words import count
from reco_lab.sources._dialect import Dialect
from reco_lab.sources._text import is_damaged

MOST_LINES_IN_A_ROW = 100
LONGEST_SHOWN = 500
_PACKED_ROWS = 1 << 16
_COMMENT = "is a comment"


class _UnclosedError(Exception):
    """A row that goes on for too many lines."""


@dataclass(eq=False)
class Records:
    """Rows of the right width with the lines they begin on, and what was refused.

    `aside` are refused rows that are no damage: those before the table, and comments. `header` holds the rows
    of names. Lines of a `suspect` text are looked at for NULs and bytes that are not UTF-8.
    """

    suspect: bool = True
    header: list[list[str]] = field(default_factory=list)
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    refused: list[Refused] = field(default_factory=list)
    aside: list[Refused] = field(default_factory=list)
    _rows: list[list[str]] = field(default_factory=list)
    _packed: list[pa.Table] = field(default_factory=list)

    def add(self, line: int, row: list[str]) -> None:
        """Take a row; many of them are packed, as lists of texts are ten times as large."""
        self._rows.append(row)
        self.lines.append(line)
        if len(self._rows) >= _PACKED_ROWS:
            self._pack()

    def columns(self, width: int) -> list[pa.ChunkedArray]:
        """All rows, column by column."""
        self._pack()
        if not self._packed:
            return [pa.chunked_array([[]], pa.large_string())] * width
        columns: list[pa.ChunkedArray] = pa.concat_tables(self._packed).columns
        return columns

    def _pack(self) -> None:
        if self._rows:
            columns = [pa.array(column, pa.large_string()) for column in zip(*self._rows, strict=True)]
            self._packed.append(pa.table(columns, names=list(map(str, range(len(columns))))))
            self._rows = []


def careful(
    data: bytes, dialect: Dialect, *, rows: int | None, most_refused: float, damaged: bool
) -> Records:
    """Parse strictly, row by row; stop after `rows` rows, or once more than `most_refused` rows are refused.

    A row that is refused costs one line only: reading goes on with the next line, so that a quote that is
    never closed cannot swallow the rest of the file.
    """
    found = Records(suspect=b"\0" in data or damaged)
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", "surrogateescape", newline="")
    feed = _Feed(text)
    reader = csv.reader(feed, **dialect.csv())
    while (rows is None or len(found.lines) < rows) and len(found.refused) <= most_refused:
        feed.begin()
        try:
            row = next(reader)
        except StopIteration:
            break
        except (csv.Error, _UnclosedError) as error:
            feed.give_up()
            found.refused.append(feed.refused(f"is not well formed: {_reason(error)}"))
            continue
        _take(found, feed, row, dialect)
    return found


class _Feed(Iterator[str]):
    """Lines of a text that can be read again from the second line of the current row on."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._again: list[str] = []
        self._record: list[str] = []
        self._line = 0

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._stream)
        self._line += 1
        self._record.append(line)
        if len(self._record) > MOST_LINES_IN_A_ROW:
            raise _UnclosedError
        return line

    def begin(self) -> None:
        self._record.clear()

    def give_up(self) -> None:
        rest = self._record[1:]
        self._again.extend(reversed(rest))
        self._line -= len(rest)
        del self._record[1:]

    @property
    def blank(self) -> bool:
        return not any(line.strip() for line in self._record)

    @property
    def line(self) -> int:
        return self._line - len(self._record) + 1

    @property
    def damage(self) -> str:
        if any("\0" in line for line in self._record):
            return "has NUL characters"
        return "has bytes that are not UTF-8" if any(map(is_damaged, self._record)) else ""

    def refused(self, reason: str) -> Refused:
        shown = "".join(self._record[:1]).rstrip("\r\n")[:LONGEST_SHOWN]
        return Refused(self.line, shown.encode("utf-8", "replace").decode(), reason)


def _take(found: Records, feed: _Feed, row: list[str], dialect: Dialect) -> None:
    if not row or (dialect.width > 1 and not row[0].strip() and feed.blank):
        return
    begun = bool(found.lines or found.header)
    if not begun and len(found.aside) < dialect.preamble:
        feed.give_up()
        found.aside.append(feed.refused(_COMMENT if row[0].startswith("#") else "stands before the table"))
    elif found.suspect and (damage := feed.damage):
        feed.give_up()
        found.refused.append(feed.refused(damage))
    elif len(row) != dialect.width:
        feed.give_up()
        if row[0].startswith("#"):
            found.aside.append(feed.refused(_COMMENT))
        else:
            found.refused.append(
                feed.refused(f"has {count(len(row), 'value')} where {dialect.width} are expected")
            )
    elif len(found.header) < dialect.header_rows:
        found.header.append(row)
    else:
        found.add(feed.line, row)


def _reason(error: Exception) -> str:
    if isinstance(error, _UnclosedError) or "unexpected end" in str(error):
        return "a quote is opened and not closed"
    if "field larger" in str(error):
        return "a value is too long, perhaps a quote is not closed"
    return str(error)

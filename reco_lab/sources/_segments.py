"""Several tables in one text: where one ends and the next begins."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from reco_lab.core.source import Refused
from reco_lab.sources._dialect import Dialect
from reco_lab.sources._header import has_header

FEWEST_ROWS = 3
_LOOKED_AT = 50
_SHOWN = 500


@dataclass(frozen=True)
class Segment:
    """A table: its first line (from 1), the line after its last, its columns, and the lines of its records."""

    first: int
    stop: int
    columns: int
    lines: tuple[int, ...]

    def words(self, number: int) -> str:
        """What a person chooses by."""
        return f"table {number}: lines {self.first} to {self.stop - 1}, {self.columns} columns"


@dataclass(frozen=True)
class _Record:
    line: int
    width: int
    after_blank: bool


def segments(text: str, dialect: Dialect) -> list[Segment]:
    """The tables of a prepared text: runs of records of one width that begin with names or after a blank line."""
    records = _records(text, dialect)
    lines = text.split("\n")
    starts: list[int] = []
    at = 0
    for width, run in groupby(records, key=lambda one: one.width):
        size = len(list(run))
        if _begins(records, at, size, starts, lines, dialect):
            starts.append(at)
        at += size
        _ = width
    if not starts:
        return []
    edges = [0, *starts[1:], len(records)]
    firsts = [records[edge].line for edge in edges[:-1]] + [len(lines) + 1]
    return [
        Segment(first, stop, records[start].width, tuple(one.line for one in records[low:high]))
        for first, stop, start, low, high in zip(
            firsts[:-1], firsts[1:], starts, edges[:-1], edges[1:], strict=True
        )
    ]


def outside(text: str, tables: Sequence[Segment], chosen: int) -> list[Refused]:
    """The records of all tables but the chosen one, as refused rows."""
    lines = text.split("\n")
    return [
        Refused(line, lines[line - 1].rstrip("\r")[:_SHOWN], f"belongs to table {number} of the file")
        for number, table in enumerate(tables, 1)
        if number != chosen
        for line in table.lines
    ]


def _records(text: str, dialect: Dialect) -> list[_Record]:
    settings = dialect.csv() | {"strict": False}
    reader = csv.reader(io.StringIO(text, newline=""), **settings)
    found = []
    before, blank = 0, False
    for row in reader:
        line, before = before + 1, reader.line_num
        if len(row) < 2 and not any(cell.strip() for cell in row):
            blank = True
            continue
        found.append(_Record(line, len(row), blank))
        blank = False
    return found


def _begins(
    records: Sequence[_Record],
    at: int,
    size: int,
    starts: Sequence[int],
    lines: Sequence[str],
    dialect: Dialect,
) -> bool:
    if size < FEWEST_ROWS:
        return False
    if not starts:
        return True
    first = records[at]
    if first.width == records[starts[-1]].width:
        return False
    return first.after_blank or (
        first.width > 1 and _has_names(lines[first.line - 1 :], first.width, dialect)
    )


def _has_names(lines: Sequence[str], width: int, dialect: Dialect) -> bool:
    reader = csv.reader(io.StringIO("\n".join(lines[:_LOOKED_AT])), **(dialect.csv() | {"strict": False}))
    rows = [row for row in islice(reader, _LOOKED_AT) if len(row) == width]
    return has_header(rows)[0]

"""Excel and OpenDocument workbooks: one sheet becomes a table of text."""

import io
import re
import statistics
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import python_calamine

from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused, Source, Table
from reco_lab.sources._files import ZIP, contents
from reco_lab.sources._header import certain, has_header, header_rows, joined_names
from reco_lab.sources._tables import (
    check_refused,
    check_width,
    choose,
    text_frame,
    unique_names,
    without_repeated_names,
)
from reco_lab.sources._workbook import empty_formulas, inspect, lost_formulas_of_ods, pads_with_zeros

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_PREAMBLE = 20
MOST_HEADER_ROWS = 8
EXACT = 10**15
_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"}
_ID_NAME = re.compile(
    r"(^|[^a-z])(id|ids|code|nr|no|num|number|nummer|sku|ean|upc|isbn|asin|zip|plz|postcode|fips|account|customer"
    r"|user|client|kunde|item|product|article|artikel|card|phone|tel)([^a-z]|$)|[a-z](Id|ID|Nr|No|Code)$"
)
_DAMAGE = (python_calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError, EOFError)


class Excel(Source):
    """A sheet of .xlsx, .xls or .ods: numbers as Excel shows them without format (5, 0.1), dates as ISO text.

    The index is the row's number in the sheet.
    """

    label: ClassVar[str] = "Excel or OpenDocument workbook"
    suffixes: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm", ".xls", ".ods")

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the content decides
        """Whether it begins as a workbook does."""
        if head.startswith(OLD):
            return True
        marks = (b"xl/", b"opendocument.spreadsheet", b"[Content_Types].xml")
        others = (b"word/", b"ppt/", b"opendocument.text", b"opendocument.presentation")
        return (
            head.startswith(ZIP)
            and any(mark in head for mark in marks)
            and (b"xl/" in head or not any(mark in head for mark in others))
        )

    def read(
        self, path: Path, *, header: bool | None = None, rows: int | None = None, **options: Any
    ) -> Table:
        """Read one sheet: the first that holds more than one row, or the one that `sheet` names or numbers.

        Rows with a formula that has no value, or with an error such as #N/A, are refused. Raises DataError
        for a damaged or locked workbook, or one that would unpack to too much.
        """
        data = contents(path)
        try:
            inspect(data, path.name)
            book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
            sheets = _sheets(book)
            number = choose(
                options.get("sheet"), [name for name, _ in sheets], _fullest(sheets), "sheet", path.name
            )
            grid = _grid(book, sheets[number - 1][0])
            missing = _formulas(data, sheets[number - 1][0])
        except python_calamine.PasswordError as error:
            raise DataError(
                "It is locked with a password.", where=path.name, fix="Save it without one."
            ) from error
        except _DAMAGE as error:
            raise DataError(
                f"It is no workbook that can be read ({error}).",
                where=path.name,
                fix="Save it again as .xlsx, or as CSV (UTF-8).",
            ) from error
        table = _table(grid, missing, header, rows, path.name)
        words = table.dialect | {"sheet": sheets[number - 1][0], "sheets": [name for name, _ in sheets]}
        warnings = list(_warnings(data, grid, table, sheets, number))
        words |= {"warning": " ".join(warnings)} if warnings else {}
        return Table(table.frame, table.rows_in_file, table.refused, words)


@dataclass(frozen=True)
class _Grid:
    """The cells of a sheet from A1, merged ones filled in to the right; `below` holds merged cells to leave out."""

    cells: list[list[Any]]
    below: frozenset[tuple[int, int]]
    merged: tuple[tuple[int, int, int, int], ...]

    def merged_rows(self, top: int) -> int:
        """How many rows from `top` on are held together by merged cells that begin in them, if some are wide."""
        stop, wide = top, False
        for first, left, last, right in sorted(self.merged):
            if top <= first <= max(stop, top) and last < top + MOST_HEADER_ROWS:
                stop, wide = max(stop, last), wide or right > left
                stop += wide and stop == first == last
        return stop - top + 1 if wide else 0


def _sheets(book: Any) -> list[tuple[str, int]]:
    """Worksheets that can be seen, with their heights; hidden ones only if there is no other."""
    kinds = python_calamine.SheetTypeEnum
    seen = python_calamine.SheetVisibleEnum.Visible
    work = [one for one in book.sheets_metadata if one.typ == kinds.WorkSheet]
    shown = [one for one in work if one.visible == seen] or work
    return [(one.name, book.get_sheet_by_name(one.name).height) for one in shown]


def _fullest(sheets: Sequence[tuple[str, int]]) -> int:
    full = [number for number, (_, height) in enumerate(sheets, 1) if height > 1]
    return full[0] if full else 1


def _grid(book: Any, sheet: str) -> _Grid:
    found = book.get_sheet_by_name(sheet)
    if not found.height:
        return _Grid([], frozenset(), ())
    cells = found.to_python(skip_empty_area=False)
    below: set[tuple[int, int]] = set()
    merged = []
    for (top, left), (bottom, right) in found.merged_cell_ranges or []:
        title = right - left + 1 >= 0.8 * len(cells[0])
        if bottom - top > MOST_HEADER_ROWS or title or bottom >= len(cells) or right >= len(cells[0]):
            continue
        merged.append((top, left, bottom, right))
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                cells[row][column] = cells[top][left]
                if row > top:
                    below.add((row, column))
    return _Grid(cells, frozenset(below), tuple(merged))


def _formulas(data: bytes, sheet: str) -> set[str]:
    if lost := lost_formulas_of_ods(data):
        raise DataError(
            f"{lost} of its formulas were saved without their values.",
            fix="Open it in a spreadsheet program and save it again.",
        )
    return empty_formulas(data, sheet)


def _table(grid: _Grid, missing: set[str], header: bool | None, rows: int | None, name: str) -> Table:
    texts = [[_text(cell) for cell in row] for row in grid.cells]
    width = max((_filled_to(row) for row in texts), default=0)
    check_width(width, name)
    lines = [number for number, row in enumerate(texts, 1) if any(row)]
    body = [texts[line - 1][:width] for line in lines]
    if not body:
        raise DataError("The sheet is empty.", where=name, fix="Choose another sheet.")
    stop = len(body)
    start = 0 if header is False else _start(body)
    count, why = header_rows(body[start:])
    if header is None and not certain(why) and (end := _end(body)) < stop:
        nearer = _start(body[:end])
        if certain(header_rows(body[nearer:end])[1]):
            start, stop, (count, why) = nearer, end, header_rows(body[nearer:end])
    if merged := grid.merged_rows(lines[start] - 1):
        count, why = max(count, sum(line <= lines[start] + merged - 1 for line in lines[start:])), "cells are merged"
    if header is not None:
        count, why = max(count, 1) if header else 0, "said by you"
    labels = [
        ["" if (line - 1, column) in grid.below else cell for column, cell in enumerate(row)]
        for line, row in zip(lines[start : start + count], body[start : start + count], strict=True)
    ]
    names = unique_names(joined_names(labels) if labels else [""] * width)
    aside = [
        Refused(line, _shown(row), f"stands {where} the table")
        for where, part in (("before", slice(start)), ("after", slice(stop, None)))
        for line, row in zip(lines[part], body[part], strict=True)
    ]
    taken = list(zip(lines, body, strict=True))[start + count : stop]
    faults = {place: "holds a formula without a value" for place in missing}
    good, refused = _sorted(taken if rows is None else taken[:rows], faults)
    columns = list(zip(*(row for _, row in good), strict=True)) or [()] * width
    frame = text_frame(
        [pa.array(column, pa.large_string()) for column in columns], names, [line for line, _ in good]
    )
    if not taken:
        raise DataError("It has a header but no rows.", where=name, fix="Choose another sheet, or add rows.")
    check_refused([one for one in refused if "formula" not in one.reason], len(taken), name)
    frame, again = without_repeated_names(frame)
    if frame.empty:
        raise DataError(
            f"None of its rows can be used: row {refused[0].line} {refused[0].reason}." if refused else "It has no rows.",
            where=name,
            fix="Open it in a spreadsheet program and save it again.",
        )
    everything = (*aside, *refused, *again)
    words = {"format": "Excel", "header": count > 0, "header_reason": why, "columns": width}
    words |= {"header_rows": count} if count > 1 else {}
    return Table(frame, len(frame) + len(everything), everything, words)


def _sorted(
    rows: Sequence[tuple[int, list[str]]], faults: dict[str, str]
) -> tuple[list[tuple[int, list[str]]], list[Refused]]:
    bad_rows: dict[int, str] = {}
    for place, reason in faults.items():
        line = int(re.sub(r"\D", "", place))
        bad_rows.setdefault(line, f"{reason} (cell {place})")
    good, refused = [], []
    for line, row in rows:
        error = next((cell for cell in row if cell in _ERRORS), None)
        reason = bad_rows.get(line) or (f"holds the error {error}" if error else "")
        reason = reason or ("has NUL characters" if any("\0" in cell for cell in row) else "")
        if reason:
            refused.append(Refused(line, _shown(row), reason))
        else:
            good.append((line, row))
    return good, refused


def _start(body: Sequence[Sequence[str]]) -> int:
    """Where the table begins: the first row that surely names columns, else the first that is about as full as
    the rows below it usually are."""
    full = []
    for at in range(min(MOST_PREAMBLE, len(body) - 1)):
        filled = [sum(map(bool, row)) for row in body[at : at + 51]]
        usual = statistics.median(filled[1:])
        if filled[0] < min(max(2, usual / 2), usual):
            continue
        full.append(at)
        found, why = has_header(body[at:])
        if found and certain(why) and filled[0] >= 0.8 * usual:
            return at
    return full[0] if full else 0


def _end(body: Sequence[Sequence[str]]) -> int:
    """Where the table ends: before a tail of at most 20 rows that are less than half as full as usual."""
    filled = [sum(map(bool, row)) for row in body]
    least = statistics.median(filled) / 2
    tail = next((n for n, count in enumerate(reversed(filled)) if count >= least), 0)
    return len(body) - tail if tail <= min(MOST_PREAMBLE, len(body) // 3) else len(body)


def _filled_to(row: Sequence[str]) -> int:
    return max((position for position, cell in enumerate(row, 1) if cell), default=0)


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < EXACT * 1000 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return repr(cell.total_seconds())
    return str(cell)


def _shown(row: Sequence[str]) -> str:
    return ", ".join(row)[:500]


def _warnings(
    data: bytes, grid: _Grid, table: Table, sheets: Sequence[tuple[str, int]], number: int
) -> Any:
    others = [f"{name} ({height} rows)" for name, height in sheets if height and name != sheets[number - 1][0]]
    if others:
        yield f"Only the sheet {sheets[number - 1][0]!r} is read; there are also: {', '.join(others[:10])}."
    padded = pads_with_zeros(data)
    rows = [grid.cells[line - 1] for line in table.frame.index]
    for position, name in enumerate(table.frame.columns):
        cells = [row[position] for row in rows]
        numbers = [cell for cell in cells if isinstance(cell, float) and not isinstance(cell, bool)]
        whole = numbers and all(one.is_integer() for one in numbers)
        if whole and (padded or _ID_NAME.search(name) or _ID_NAME.search(name.lower())):
            yield f"Column {name!r} holds numbers: if these are ids, leading zeros cannot be recovered."
        if whole and any(abs(one) >= EXACT for one in numbers):
            yield f"Column {name!r} holds numbers of more than 15 digits, which Excel does not keep exactly."

"""Excel and OpenDocument workbooks: one sheet becomes a table of text."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import python_calamine

from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused, Source, Table
from reco_lab.core.words import count
from reco_lab.sources._files import ZIP, contents
from reco_lab.sources._grid import MOST_HEADER_ROWS, Grid, layout
from reco_lab.sources._tables import (
    check_refused,
    check_width,
    choose,
    text_frame,
    unique_names,
    without_repeated_names,
)
from reco_lab.sources._workbook import faults, inspect, lost_formulas_of_ods, pads_with_zeros

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
EXACT = 10**15
_TITLE = 0.8
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
            grid, cells = _grid(book, sheets[number - 1][0], path.name)
            wrong = _faults(data, sheets[number - 1][0])
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
        table = _table(grid, wrong, header, rows, path.name)
        words = table.dialect | {"sheet": sheets[number - 1][0], "sheets": [name for name, _ in sheets]}
        warnings = list(_warnings(data, cells, table, sheets, number))
        words |= {"warning": " ".join(warnings)} if warnings else {}
        return Table(table.frame, table.rows_in_file, table.refused, words)


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


def _grid(book: Any, sheet: str, name: str) -> tuple[Grid, list[list[Any]]]:
    """The sheet's rows as text, and its cells as they are."""
    found = book.get_sheet_by_name(sheet)
    cells = found.to_python(skip_empty_area=False) if found.height else []
    texts = [[_text(cell) for cell in row] for row in cells]
    merged = []
    for (top, left), (bottom, right) in (found.merged_cell_ranges or []) if cells else []:
        title = right - left + 1 >= _TITLE * len(texts[0])
        if title or bottom - top > MOST_HEADER_ROWS or bottom >= len(texts) or right >= len(texts[0]):
            continue
        merged.append((top, left, bottom, right))
        for row in range(top, bottom + 1):
            texts[row][left : right + 1] = [texts[top][left]] * (right - left + 1)
    width = max((_filled_to(row) for row in texts), default=0)
    check_width(width, name)
    lines = [number for number, row in enumerate(texts, 1) if any(row)]
    if not lines:
        raise DataError("The sheet is empty.", where=name, fix="Choose another sheet.")
    return Grid(lines, [texts[line - 1][:width] for line in lines], tuple(merged)), cells


def _faults(data: bytes, sheet: str) -> dict[str, str]:
    if lost := lost_formulas_of_ods(data):
        raise DataError(
            f"{lost} of its formulas were saved without their values.",
            fix="Open it in a spreadsheet program and save it again.",
        )
    return faults(data, sheet)


def _table(grid: Grid, wrong: dict[str, str], header: bool | None, rows: int | None, name: str) -> Table:
    found = layout(grid, header=header)
    numbered = list(zip(grid.lines, grid.rows, strict=True))
    taken = numbered[found.first : found.stop]
    if not taken:
        raise DataError("It has a header but no rows.", where=name, fix="Choose another sheet, or add rows.")
    good, refused = _sorted(taken if rows is None else taken[:rows], wrong)
    check_refused([one for one in refused if "(cell " not in one.reason], len(taken), name)
    if not good:
        raise DataError(
            f"None of its rows can be used: row {refused[0].line} {refused[0].reason}.",
            where=name,
            fix="Open it in a spreadsheet program and save it again.",
        )
    columns = zip(*(row for _, row in good), strict=True)
    arrays = [pa.array(column, pa.large_string()) for column in columns]
    frame = text_frame(arrays, unique_names(grid.names(found)), [line for line, _ in good])
    frame, again = without_repeated_names(frame)
    aside = [
        Refused(line, _shown(row), f"stands {where} the table")
        for where, part in (("before", slice(found.start)), ("after", slice(found.stop, None)))
        for line, row in numbered[part]
    ]
    everything = (*aside, *refused, *again)
    count = found.first - found.start
    words = {"format": "Excel", "header": count > 0, "header_reason": found.why, "columns": len(arrays)}
    words |= {"header_rows": count} if count > 1 else {}
    return Table(frame, len(frame) + len(everything), everything, words)


def _sorted(
    rows: Sequence[tuple[int, list[str]]], wrong: dict[str, str]
) -> tuple[list[tuple[int, list[str]]], list[Refused]]:
    bad_rows: dict[int, str] = {}
    for place, reason in wrong.items():
        bad_rows.setdefault(int(re.sub(r"\D", "", place)), reason)
    good, refused = [], []
    for line, row in rows:
        reason = bad_rows.get(line) or ("has NUL characters" if any("\0" in cell for cell in row) else "")
        if reason:
            refused.append(Refused(line, _shown(row), reason))
        else:
            good.append((line, row))
    return good, refused


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
    data: bytes, cells: list[list[Any]], table: Table, sheets: Sequence[tuple[str, int]], number: int
) -> Iterator[str]:
    others = [
        f"{name} ({count(height, 'row')})"
        for name, height in sheets
        if height and name != sheets[number - 1][0]
    ]
    if others:
        yield f"Only the sheet {sheets[number - 1][0]!r} is read; there are also: {', '.join(others[:10])}."
    padded = pads_with_zeros(data)
    rows = [cells[line - 1] for line in table.frame.index]
    for position, name in enumerate(table.frame.columns):
        numbers = [row[position] for row in rows if isinstance(row[position], float)]
        whole = numbers and all(one.is_integer() for one in numbers)
        if whole and (padded or _ID_NAME.search(name) or _ID_NAME.search(name.lower())):
            yield f"Column {name!r} holds numbers: if these are ids, leading zeros cannot be recovered."
        if whole and any(abs(one) >= EXACT for one in numbers):
            yield f"Column {name!r} holds numbers of more than 15 digits, which Excel does not keep exactly."

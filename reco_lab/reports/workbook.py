"""Tables as Excel workbooks: texts are typed as text, what a sheet cannot hold goes on in the next or is refused."""

import math
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

import pandas as pd
import xlsxwriter

from reco_lab.core.errors import InputError
from reco_lab.reports.harmless import live, visible

SHEET_ROWS = 1_048_576 - 1  # the first one holds the names
SHEET_COLUMNS = 16_384
LONGEST_TEXT = 32_767
SHEETS = 8
_EXACT = 2**53
_FIRST_DAY = datetime(1900, 3, 1)  # noqa: DTZ001 - Excel knows no zones, and before this day it counts wrongly
_CARRY_ON = "Take it as CSV or Parquet."


def notice(rows: int) -> str:
    """What a person should know before asking for a workbook of so many rows; empty where it is one sheet."""
    sheets = _sheets(rows)
    if sheets > SHEETS:
        return f"{rows:,} rows are more than {SHEETS} sheets of Excel hold. {_CARRY_ON}"
    if sheets > 1:
        return f"Excel holds 1,048,576 rows in a sheet: {rows:,} rows become {sheets} sheets."
    return ""


def fill(frame: pd.DataFrame, stream: BinaryIO) -> None:
    """Write the table as a workbook. Raises InputError, before anything is written, where Excel cannot hold it."""
    _check(frame)
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(stream, options) as book:
        book.set_properties({"created": _FIRST_DAY})  # the same table is the same file, to the byte
        page = _Page(book)
        for number in range(_sheets(len(frame))):
            page.sheet(frame.iloc[number * SHEET_ROWS : (number + 1) * SHEET_ROWS], f"Sheet{number + 1}")


def _sheets(rows: int) -> int:
    return max(1, math.ceil(rows / SHEET_ROWS))


def _check(frame: pd.DataFrame) -> None:
    if _sheets(len(frame)) > SHEETS:
        raise InputError(notice(len(frame)).removesuffix(_CARRY_ON).strip(), fix=_CARRY_ON)
    if frame.shape[1] > SHEET_COLUMNS:
        raise InputError(
            f"Excel holds {SHEET_COLUMNS:,} columns; this table has {frame.shape[1]:,}.", fix=_CARRY_ON
        )
    for place, name in enumerate(frame.columns):
        column = frame.iloc[:, place]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
            continue
        longest = column.map(lambda value: len(str(value)), na_action="ignore").max()
        if longest > LONGEST_TEXT:
            raise InputError(
                f"A text has {int(longest):,} characters; a cell of Excel holds {LONGEST_TEXT:,}.",
                where=f"column {str(name)[:60]!r}",
                fix=_CARRY_ON,
            )


class _Page:
    """Writes cells by what they are; a text that a spreadsheet might run is marked so that editing leaves it text."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.text = book.add_format({"num_format": "@"})
        self.marked = book.add_format({"num_format": "@", "quote_prefix": True})
        self.name = book.add_format({"num_format": "@", "bold": True})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def sheet(self, frame: pd.DataFrame, title: str) -> None:
        """One sheet: the names, frozen, and the rows."""
        sheet = self.book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        for place, name in enumerate(frame.columns):
            sheet.write_string(0, place, _plain(str(name))[:LONGEST_TEXT], self.name)
        columns = [frame.iloc[:, place].astype("object") for place in range(frame.shape[1])]
        for at, row in enumerate(zip(*columns, strict=True), start=1):
            for place, value in enumerate(row):
                self._cell(sheet, at, place, value)

    def _cell(self, sheet: Any, at: int, place: int, value: Any) -> None:
        if isinstance(value, str):
            sheet.write_string(at, place, _plain(value), self.marked if live(value) else self.text)
        elif pd.api.types.is_scalar(value) and pd.isna(value):
            return
        elif isinstance(value, bool):
            sheet.write_boolean(at, place, value)
        elif isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _EXACT:
            sheet.write_number(at, place, value)
        elif (moment := _moment(value)) is not None:
            sheet.write_datetime(at, place, moment, self.moment)
        else:
            self._cell(sheet, at, place, str(value))


def _moment(value: Any) -> datetime | None:
    """The moment in UTC where Excel can count to it, else None."""
    if not isinstance(value, date):
        return None
    known = pd.Timestamp(value)
    known = known.tz_convert(UTC).tz_localize(None) if known.tzinfo else known
    return known.to_pydatetime(warn=False) if known >= _FIRST_DAY else None


def _plain(text: str) -> str:
    """As a cell can hold it: control characters as pictures, line breaks as Excel has them."""
    return visible(text.replace("\r\n", "\n").replace("\r", "\n"))

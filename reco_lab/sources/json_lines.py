"""JSON: an object on each line, an array of objects, or one object that holds such an array."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused, Source, Table
from reco_lab.sources._files import contents
from reco_lab.sources._json import (
    SNIFFED,
    Bad,
    RowError,
    Twice,
    as_json,
    by_line,
    elements,
    first_elements,
    lines_of,
    utf8,
)
from reco_lab.sources._tables import check_refused, check_width, text_frame
from reco_lab.sources._text import decode, whole_lines

LONGEST_SHOWN = 500
_BEGINS = re.compile(rb'\s*(\{\s*("|\})|\[\s*(\{|\[|\]))')
_HALF = re.compile("[\ud800-\udfff]")


class JsonLines(Source):
    """Objects become rows and their keys columns; inner objects' keys are joined by dots ("user.id").

    Numbers keep the digits they are written with, texts stay texts, lists stay JSON. The index is the line, in
    an array the number of the object.
    """

    label: ClassVar[str] = "JSON lines or array"

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the content decides
        """Whether it begins with an object or an array of objects."""
        return _BEGINS.match(utf8(head, cut=True)) is not None

    def read(
        self,
        path: Path,
        *,
        header: bool | None = None,  # noqa: ARG002 - JSON always names its values
        rows: int | None = None,
        **options: Any,
    ) -> Table:
        """Read the file. A line that is no object, names a key twice or holds half a character is refused.

        Raises DataError where the whole is not JSON, holds no objects, or more than 1 % of them are refused.
        """
        raw = contents(path, None if rows is None else SNIFFED)
        cut = rows is not None and len(raw) == SNIFFED
        data = utf8(raw, cut=cut)
        found = _Rows()
        if not by_line(data) and not cut:
            text = data.decode(options.get("encoding") or "utf-8", "surrogateescape")
            form = "JSON array"
            found.take_all(enumerate(elements(text, path.name), 1), rows)
        elif not by_line(data):
            form = "JSON array"
            found.take_all(enumerate(first_elements(data, path.name), 1), rows)
        else:
            text_lines = decode(
                whole_lines(data, path.name) if cut else data, path.name, options.get("encoding")
            )
            form = "JSON lines"
            found.take_all(lines_of(text_lines), rows)
        return found.table(form, path.name)


class _Rows:
    def __init__(self) -> None:
        self.columns: dict[str, list[str | None]] = {}
        self.lines: list[int] = []
        self.refused: list[Refused] = []

    def take_all(self, elements: Iterator[tuple[int, Any]], rows: int | None) -> None:
        for line, element in elements:
            if rows is not None and len(self.lines) >= rows:
                break
            try:
                self._take(line, _flat(element))
            except RowError as error:
                shown = element.text if isinstance(element, Bad) else json.dumps(element, default=str)
                self.refused.append(Refused(line, _printable(shown), str(error)))

    def _take(self, line: int, row: dict[str, str | None]) -> None:
        for key in row:
            if key not in self.columns:
                self.columns[key] = [None] * len(self.lines)
        self.lines.append(line)
        for key, column in self.columns.items():
            column.append(row.get(key))

    def table(self, form: str, name: str) -> Table:
        count = len(self.lines) + len(self.refused)
        check_refused(self.refused, count, name)
        if not self.columns:
            raise DataError(
                "It holds no objects with values.", where=name, fix="Bring JSON with an object for each row."
            )
        check_width(len(self.columns), name)
        arrays = [pa.array(column, pa.large_string()) for column in self.columns.values()]
        frame = text_frame(arrays, list(self.columns), self.lines)
        return Table(frame, count, tuple(self.refused), {"format": form, "header": True})


def _flat(element: Any) -> dict[str, str | None]:
    if isinstance(element, Bad):
        raise RowError(element.reason)
    if not isinstance(element, dict):
        raise RowError("is not an object with names and values")
    row: dict[str, str | None] = {}
    _fill(row, element, "")
    for text in (*row, *row.values()):
        if text and ("\0" in text or _HALF.search(text)):
            raise RowError("has NUL characters" if "\0" in text else "has half a character")
    return row


def _fill(row: dict[str, str | None], element: dict[str, Any], before: str) -> None:
    if isinstance(element, Twice):
        raise RowError("names a key twice")
    for key, value in element.items():
        name = f"{before}{key}" or "(no name)"
        if isinstance(value, dict) and value:
            _fill(row, value, f"{name}.")
        elif name in row:
            raise RowError(f"names {name!r} twice")
        else:
            row[name] = _cell(value)


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return as_json(value)


def _printable(text: str) -> str:
    return text.strip()[:LONGEST_SHOWN].encode("utf-8", "replace").decode()

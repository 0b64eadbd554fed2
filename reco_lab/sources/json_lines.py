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
from reco_lab.sources._tables import check_refused, check_width, text_frame
from reco_lab.sources._text import MARKS, Text, decode, is_damaged, unicode_mark, whole_lines

PREVIEW_BYTES = 4 << 20
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
        return _BEGINS.match(_utf8(head, cut=True)) is not None

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
        raw = contents(path, None if rows is None else PREVIEW_BYTES)
        cut = rows is not None and len(raw) == PREVIEW_BYTES
        data = _utf8(raw, cut=cut)
        found = _Rows()
        if not _by_line(data) and not cut:
            text = data.decode(options.get("encoding") or "utf-8", "surrogateescape")
            form = "JSON array"
            found.take_all(enumerate(_elements(text, path.name), 1), rows)
        elif not _by_line(data):
            form = "JSON array"
            found.take_all(enumerate(_first_elements(data, path.name), 1), rows)
        else:
            text_lines = decode(
                whole_lines(data, path.name) if cut else data, path.name, options.get("encoding")
            )
            form = "JSON lines"
            found.take_all(_lines(text_lines), rows)
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
            except _RowError as error:
                shown = element.text if isinstance(element, _Bad) else json.dumps(element, default=str)
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


class _RowError(Exception):
    """Why an object cannot be a row."""


class _Bad:
    """What stands in the place of an element that could not be parsed."""

    def __init__(self, text: str, reason: str) -> None:
        self.text, self.reason = text, reason


class _Number(str):
    """The digits of a number as they were written."""

    __slots__ = ()


class _Twice(dict[str, Any]):
    """An object that names a key twice."""


def _utf8(data: bytes, *, cut: bool) -> bytes:
    """The text as UTF-8 without a mark. Half a character at the end of a `cut` one is left out."""
    mark = unicode_mark(data)
    body = data[len(mark) :]
    if len(mark) in {0, 3}:
        return body
    return body.decode(MARKS[mark], "ignore" if cut else "surrogatepass").encode("utf-8", "surrogatepass")


def _by_line(data: bytes) -> bool:
    """Whether it is not one array or object but one on each line."""
    body = data.lstrip()
    if not body.startswith(b"{"):
        return False
    first = body.split(b"\n", 1)[0]
    return _parsed(first.decode("utf-8", "surrogateescape")).__class__ is not _Bad and (
        b"\n" in body.strip() or not _inner(_parsed(first.decode("utf-8", "surrogateescape")))
    )


def _lines(text: Text) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.data.decode("utf-8", "surrogateescape").split("\n"), 1):
        if line.strip():
            yield number, _Bad(line, "has bytes that are not UTF-8") if is_damaged(line) else _parsed(line)


def _elements(text: str, name: str) -> Iterator[Any]:
    try:
        whole = _load(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"It is not JSON ({error}).", where=name, fix="Export it again.") from error
    if isinstance(whole, dict):
        whole = _inner(whole) or [whole]
    yield from whole


def _first_elements(data: bytes, name: str) -> Iterator[Any]:
    """The elements of an array of which only the beginning is there."""
    text = data.decode("utf-8", "surrogateescape")
    at = text.find("[") + 1
    decoder = json.JSONDecoder(
        parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_object
    )
    seen = False
    while at > 0:
        try:
            at += len(text[at : at + 1000]) - len(text[at : at + 1000].lstrip(" \t\r\n,"))
            element, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        seen = True
        yield element
    if not seen:
        raise DataError("It is not an array of objects.", where=name, fix="Export it again.")


def _inner(whole: Any) -> list[Any] | None:
    """The only list of objects that an object holds."""
    if not isinstance(whole, dict):
        return None
    lists = [one for one in whole.values() if isinstance(one, list) and one and isinstance(one[0], dict)]
    return lists[0] if len(lists) == 1 else None


def _parsed(line: str) -> Any:
    try:
        return _load(line)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        return _Bad(line, f"is not JSON ({'it is nested too deeply' if deep else error})")


def _load(text: str) -> Any:
    return json.loads(
        text, parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_object
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Twice(found)


def _flat(element: Any) -> dict[str, str | None]:
    if isinstance(element, _Bad):
        raise _RowError(element.reason)
    if not isinstance(element, dict):
        raise _RowError("is not an object with names and values")
    row: dict[str, str | None] = {}
    _fill(row, element, "")
    for text in (*row, *row.values()):
        if text and ("\0" in text or _HALF.search(text)):
            raise _RowError("has NUL characters" if "\0" in text else "has half a character")
    return row


def _fill(row: dict[str, str | None], element: dict[str, Any], before: str) -> None:
    if isinstance(element, _Twice):
        raise _RowError("names a key twice")
    for key, value in element.items():
        name = f"{before}{key}" or "(no name)"
        if isinstance(value, dict) and value:
            _fill(row, value, f"{name}.")
        elif name in row:
            raise _RowError(f"names {name!r} twice")
        else:
            row[name] = _cell(value)


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return _json(value)


def _json(value: Any) -> str:
    """A list or an empty object as JSON again, numbers with the digits that they had."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, dict):
        if isinstance(value, _Twice):
            raise _RowError("names a key twice")
        inner = (f"{json.dumps(key, ensure_ascii=False)}: {_json(one)}" for key, one in value.items())
        return "{" + ", ".join(inner) + "}"
    return json.dumps(value, ensure_ascii=False)


def _printable(text: str) -> str:
    return text.strip()[:LONGEST_SHOWN].encode("utf-8", "replace").decode()

"""JSON as texts: numbers keep the digits they are written with, objects that name a key twice are known by it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reco_lab.core.errors import DataError
from reco_lab.sources._files import CHUNK, check_size, contents, head, long_line, unpacked
from reco_lab.sources._text import LONGEST_LINE, MARKS, Text, is_damaged, unicode_mark

SNIFFED = 4 << 20
_KEY = re.compile(rb'"([^"\\]{1,100})"\s*:')
_PART = re.compile("[^a-z0-9_]+")


class RowError(Exception):
    """Why an object cannot be a row."""


class Bad:
    """What stands in the place of an element that could not be parsed."""

    def __init__(self, text: str, reason: str) -> None:
        self.text, self.reason = text, reason


class Number(str):
    """The digits of a number as they were written."""

    __slots__ = ()


class Twice(dict[str, Any]):
    """An object that names a key twice."""


def utf8(data: bytes, *, cut: bool) -> bytes:
    """The text as UTF-8 without a mark. Half a character at the end of a `cut` one is left out."""
    mark = unicode_mark(data)
    body = data[len(mark) :]
    if len(mark) in {0, 3}:
        return body
    return body.decode(MARKS[mark], "ignore" if cut else "surrogatepass").encode("utf-8", "surrogatepass")


def by_line(data: bytes) -> bool:
    """Whether it is not one array or object but one on each line."""
    body = data.lstrip()
    if not body.startswith(b"{"):
        return False
    first = body.split(b"\n", 1)[0]
    return parsed(first.decode("utf-8", "surrogateescape")).__class__ is not Bad and (
        b"\n" in body.strip() or not _inner(parsed(first.decode("utf-8", "surrogateescape")))
    )


def lines_of(text: Text) -> Iterator[tuple[int, Any]]:
    """What each line of a text says, with its number; a line that says nothing readable is a `Bad`."""
    for number, line in enumerate(text.data.decode("utf-8", "surrogateescape").split("\n"), 1):
        if line.strip():
            yield number, Bad(line, "has bytes that are not UTF-8") if is_damaged(line) else parsed(line)


def elements(text: str, name: str) -> Iterator[Any]:
    """The elements of an array, or of the only list that an object holds. DataError for what is not JSON."""
    try:
        whole = _load(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"It is not JSON ({error}).", where=name, fix="Export it again.") from error
    if isinstance(whole, dict):
        whole = _inner(whole) or [whole]
    yield from whole


def first_elements(data: bytes, name: str) -> Iterator[Any]:
    """The elements of an array of which only the beginning is there."""
    text = data.decode("utf-8", "surrogateescape")
    at = text.find("[") + 1
    decoder = json.JSONDecoder(
        parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_object
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


def parsed(line: str) -> Any:
    """What a line says, or a `Bad` with the reason."""
    try:
        return _load(line)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        return Bad(line, f"is not JSON ({'it is nested too deeply' if deep else error})")


def _load(text: str) -> Any:
    return json.loads(
        text, parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_object
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Twice(found)


def told_objects(path: Path, rows: int | None) -> Iterator[tuple[int, Any]]:
    """The objects of a file with their lines (in an array, their numbers), line by line as it is read.

    Lines take no more memory than the longest of them; an array, or UTF-16, is read as a whole. With `rows` only
    the beginning is read. Raises DataError as `contents` does.
    """
    start = head(path, SNIFFED)
    mark = unicode_mark(start)
    if len(mark) in {0, 3} and by_line(start[len(mark) :]):
        yield from _streamed(path, len(mark))
        return
    raw = contents(path, None if rows is None else SNIFFED)
    cut = rows is not None and len(raw) == SNIFFED
    data = utf8(raw, cut=cut)
    if cut:
        yield from enumerate(first_elements(data, path.name), 1)
    else:
        yield from enumerate(elements(data.decode("utf-8", "surrogateescape"), path.name), 1)


def _streamed(path: Path, mark: int) -> Iterator[tuple[int, Any]]:
    packed, size, number, rest = max(path.stat().st_size, 1), 0, 0, b""
    with unpacked(path) as stream:
        stream.read(mark)
        while part := stream.read(CHUNK):
            size += len(part)
            check_size(size, packed, path.name, None)
            *lines, rest = (rest + part).split(b"\n")
            if len(rest) > LONGEST_LINE:
                raise long_line(number + len(lines) + 1, path.name)
            for line in lines:
                number += 1
                yield from _told(number, line)
    yield from _told(number + 1, rest)


def _told(number: int, line: bytes) -> Iterator[tuple[int, Any]]:
    if not line.strip():
        return
    text = line.decode("utf-8", "surrogateescape")
    yield number, Bad(text, "has bytes that are not UTF-8") if is_damaged(text) else parsed(text)


def as_json(value: Any) -> str:
    """A list or an empty object as JSON again, numbers with the digits that they had."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(as_json, value))}]"
    if isinstance(value, dict):
        if isinstance(value, Twice):
            raise RowError("names a key twice")
        inner = (f"{json.dumps(key, ensure_ascii=False)}: {as_json(one)}" for key, one in value.items())
        return "{" + ", ".join(inner) + "}"
    return json.dumps(value, ensure_ascii=False)


def begins_as_json(path: Path) -> bool:
    """Whether a file begins with an object or an array."""
    return utf8(head(path, 4096), cut=True).lstrip()[:1] in {b"{", b"["}


def head_names(start: bytes) -> set[str]:
    """The names of the values in the first bytes of a file: keys of JSON, or the first line of delimited text.

    In lower case, parted by underscores.
    """
    text = utf8(start, cut=True).lstrip()
    if text[:1] in {b"{", b"["}:
        found = _KEY.findall(text)
    else:
        line = text.split(b"\n", 1)[0]
        mark = max((b"\t", b",", b";", b"|"), key=line.count)
        found = [one.strip(b'"\r ') for one in line.split(mark)]
    return {_PART.sub("_", one.decode("utf-8", "replace").lower()).strip("_") for one in found}

"""Bytes to UTF-8, without ever replacing a character silently."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.errors import DataError
from reco_lab.sources._encoding import ENOUGH, WORDS, guesses
from reco_lab.sources._files import long_line

LONGEST_LINE = 1 << 20
MOST_ALTERNATIVES = 4
MARKS = {
    b"\xff\xfe\0\0": "utf-32-le",
    b"\0\0\xfe\xff": "utf-32-be",
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
_DAMAGED = re.compile("[\udc80-\udcff]")
_LOST = "\ufffd".encode()
_SURE = 0.25


@dataclass(frozen=True, eq=False)
class Text:
    """A file's text as UTF-8 with its line ends at `ends`; `damaged` where some bytes of it are not UTF-8.

    `encoding` says in words how it was read. Line ends are LF, CR LF or, in files that have no LF, CR.
    `notes` is what a person should see: a `warning`, and for a guess `encoding_sample` (five lines that show
    it) and `encoding_alternatives` (name to the same lines read in that encoding).
    """

    data: bytes
    encoding: str
    ends: NDArray[np.int64]
    damaged: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mixed_ends(self) -> bool:
        """Whether single CRs stand beside other line ends."""
        return self.data.count(b"\r") != self.data.count(b"\r\n")


@dataclass(frozen=True)
class _Found:
    encoding: str
    damaged: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)


def decode(data: bytes, name: str, encoding: str | None = None) -> Text:
    """Decide the encoding (or take the one given), and check that no line is longer than 1 MB.

    Unicode with its mark or without, else the encoding that makes the text most readable, which is shown as a
    guess. Bytes that no encoding makes readable are refused; a few broken bytes in a UTF-8 text are left to be
    refused by line.
    """
    found = _encoding(data, name) if encoding is None else _Found(encoding)
    mark = unicode_mark(data)
    body = data[len(mark) :]
    damaged = found.damaged
    if found.encoding != "utf-8":
        try:
            halves = "surrogatepass" if found.encoding.startswith(("utf-16", "utf-32")) else "strict"
            text = body.decode(found.encoding, halves)
        except (UnicodeDecodeError, LookupError) as error:
            raise DataError(f"It cannot be read as {found.encoding} ({error}).", where=name) from error
        body = text.encode("utf-8", "surrogatepass")
    if found.encoding.startswith("utf") and not damaged:
        damaged = not _decodes(body, "utf-8")
    if b"\n" not in body:
        body = body.replace(b"\r", b"\n")
    ends = line_ends(body)
    _check_lines(body, ends, name)
    notes = {**found.notes, **_lost(body, found)}
    return Text(body, found.encoding + (" with a mark" if mark else ""), ends, damaged, notes)


def unicode_mark(data: bytes) -> bytes:
    """The byte order mark at the beginning, if any."""
    return next((mark for mark in MARKS if data.startswith(mark)), b"")


def unmarked_utf16(start: bytes) -> str:
    """UTF-16 without a mark, told by the NULs in every other place of mostly Latin text; empty if it is not."""
    for encoding, quiet, loud in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
        if (
            len(start) >= 16
            and 0 not in start[loud::2]
            and start[quiet::2].count(0) > 0.4 * (len(start) // 2)
        ):
            return encoding
    return ""


def whole_lines(data: bytes, name: str) -> bytes:
    """The beginning of a text without its last line, which is cut. DataError if that is longer than 1 MB."""
    found = MARKS.get(unicode_mark(data)) or unmarked_utf16(data[:4096]) or "ascii"
    end = "\n".encode(found)
    stop = data.rfind(end)
    while stop > 0 and stop % len(end):
        stop = data.rfind(end, 0, stop + len(end) - 1)
    if len(data) - stop > LONGEST_LINE * len(end) and b"\r" not in data:
        raise long_line(data.count(b"\n") + 1, name)
    return data[: stop + len(end)] if stop > 0 else data


def line_ends(data: bytes) -> NDArray[np.int64]:
    """The places of the line ends."""
    return np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))


def is_damaged(line: str) -> bool:
    """Whether a line, decoded with surrogateescape, has bytes that are not UTF-8."""
    return _DAMAGED.search(line) is not None


def _encoding(data: bytes, name: str) -> _Found:
    if (marked := MARKS.get(unicode_mark(data), "utf-8")) != "utf-8":
        return _Found(marked)
    if unmarked := unmarked_utf16(data[:4096]):
        return _Found(unmarked)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(data, name, data.count(b"\n", 0, error.start) + 1)
    return _Found("utf-8")


def _differs(data: bytes, one: str, other: str) -> bool:
    """Whether two encodings read any of the bytes beyond ASCII that are here as different letters."""
    present = bytes(byte for byte in range(128, 256) if byte in data)
    return present.decode(one, "replace") != present.decode(other, "replace")


def _not_utf8(data: bytes, name: str, line: int) -> _Found:
    text = data.decode("utf-8", "surrogateescape")
    broken = len(_DAMAGED.findall(text))
    beyond = len(data) - len(text.encode("ascii", "ignore")) - broken
    damage = _Found(
        "utf-8", True, {"warning": f"Line {line} has bytes that are not UTF-8; such lines are refused."}
    )
    if beyond > 4 * broken:
        return damage
    good = [one for one in guesses(data) if one.score >= ENOUGH and _decodes(data, one.encoding)]
    if good:
        best = good[0]
        others = [one for one in good[1:] if _differs(data, best.encoding, one.encoding)]
        others = others[:MOST_ALTERNATIVES]
        unsure = any(best.score - one.score < _SURE for one in others)
        warning = f"Read as {WORDS[best.encoding]}, a guess{'' if unsure else ' that looks right'}. "
        notes = {
            "warning": f"{warning}Check the letters: {best.lines[0]}",
            "encoding_unsure": unsure,
            "encoding_sample": list(best.lines),
            "encoding_alternatives": {one.encoding: list(one.lines) for one in others},
        }
        return _Found(best.encoding, notes=notes)
    if broken <= 0.01 * (data.count(b"\n") + 1):
        return damage
    raise DataError(
        f"It is not UTF-8 (line {line}), and in no other encoding do its letters make words.",
        where=name,
        fix="Save it as UTF-8, or say which encoding it has.",
    )


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _lost(data: bytes, found: _Found) -> dict[str, str]:
    if _LOST not in data or "warning" in found.notes:
        return {}
    line = data.count(b"\n", 0, data.find(_LOST)) + 1
    return {
        "warning": f"Letters were lost before this file was made: line {line} holds the sign \ufffd for one."
    }


def _check_lines(data: bytes, ends: NDArray[np.int64], name: str) -> None:
    lengths = np.diff(np.concatenate(([-1], ends, [len(data)])))
    if lengths.max() > LONGEST_LINE:
        raise long_line(int(lengths.argmax()) + 1, name)

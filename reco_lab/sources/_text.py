"""Bytes to UTF-8, without ever replacing a character silently."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.errors import DataError

LONGEST_LINE = 1 << 20
_ENCODINGS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_DAMAGED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, eq=False)
class Text:
    """A file's text as UTF-8 with its line ends at `ends`; `damaged` where some bytes of it are not UTF-8.

    `encoding` says in words how it was read. Line ends are LF, CR LF or, in files that have no LF, CR.
    `warning` is what a person should look at, empty if nothing.
    """

    data: bytes
    encoding: str
    ends: NDArray[np.int64]
    damaged: bool = False
    warning: str = ""

    @property
    def mixed_ends(self) -> bool:
        """Whether single CRs stand beside other line ends."""
        return self.data.count(b"\r") != self.data.count(b"\r\n")


def decode(data: bytes, name: str, encoding: str | None = None) -> Text:
    """Decide the encoding (or take the one given), and check that no line is longer than 1 MB.

    UTF-8 and UTF-16 with their marks, UTF-8 without, else Windows-1252, which is shown as a guess. Bytes
    that are neither are refused; a few broken bytes in a UTF-8 text are left to be refused by line.
    """
    found, warning, damaged = _encoding(data, name) if encoding is None else (encoding, "", False)
    mark = next((mark for mark in _ENCODINGS if data.startswith(mark)), b"")
    body = data[len(mark) :]
    if found != "utf-8":
        try:
            body = body.decode(found).encode("utf-8", "surrogatepass")
        except (UnicodeDecodeError, LookupError) as error:
            raise DataError(f"It cannot be read as {found} ({error}).", where=name) from error
    if b"\n" not in body:
        body = body.replace(b"\r", b"\n")
    ends = np.flatnonzero(np.frombuffer(body, np.uint8) == ord("\n"))
    _check_lines(body, ends, name)
    return Text(body, found + (" with a mark" if mark else ""), ends, damaged, warning)


def is_damaged(line: str) -> bool:
    """Whether a line, decoded with surrogateescape, has bytes that are not UTF-8."""
    return _DAMAGED.search(line) is not None


def _encoding(data: bytes, name: str) -> tuple[str, str, bool]:
    for mark, encoding in _ENCODINGS.items():
        if data.startswith(mark) and encoding != "utf-8":
            return encoding, "", False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(data, name, error)
    return "utf-8", "", False


def _not_utf8(data: bytes, name: str, error: UnicodeDecodeError) -> tuple[str, str, bool]:
    line = data.count(b"\n", 0, error.start) + 1
    if not data.decode("utf-8", "ignore").isascii():
        return "utf-8", f"Line {line} has bytes that are not UTF-8; such lines are refused.", True
    try:
        data.decode("cp1252")
    except UnicodeDecodeError as other:
        raise DataError(
            f"It is neither UTF-8 (line {line}) nor Windows-1252.",
            where=name,
            fix="Save it as UTF-8, or say which encoding it has.",
        ) from other
    sample = data.split(b"\n")[line - 1].decode("cp1252").strip()[:80]
    return "cp1252", f"Read as Windows-1252, a guess. Check the letters in line {line}: {sample}", False


def _check_lines(data: bytes, ends: NDArray[np.int64], name: str) -> None:
    lengths = np.diff(np.concatenate(([-1], ends, [len(data)])))
    if lengths.max() > LONGEST_LINE:
        raise DataError(
            f"Line {int(lengths.argmax()) + 1} is longer than 1 MB.",
            where=name,
            fix="Check that its rows stand on lines of their own.",
        )

"""Which source reads a file, decided by what is in it and never by its name."""

from pathlib import Path

from reco_lab.core.errors import DataError
from reco_lab.core.source import Source, sources
from reco_lab.sources._files import head
from reco_lab.sources._guard import Guarded
from reco_lab.sources._text import unicode_mark, unmarked_utf16

_CONVERT = "Save it as CSV (UTF-8) and bring that."
_FOREIGN = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a picture or a sound"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x28\xb5\x2f\xfd", "packed twice"),
    (b"\x1f\x8b\x08", "packed twice"),
    (b"PK\x03\x04", "an archive or a document in an archive"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"PK\x05\x06", "an empty archive"),
    (b"ARROW1", "an Arrow (Feather) file"),
    (b"<", "a web page or XML"),
    (b'{"', "JSON that cannot be read"),
)
_GENERAL = ("clickstream", "json_lines", "delimited")
_CONTROL = bytes([*range(9), *range(14, 31)])


def sniff(path: Path, format: str | None = None) -> Source:  # noqa: A002 - the word of the experiment file
    """The source that reads this file; `format` names one instead of looking.

    Raises DataError with a sentence for a file that is empty or of no kind that can be read.
    """
    known = sources()
    start = head(path)
    if not start.strip():
        raise DataError("It is empty.", where=path.name, fix="Bring a file with a header and rows.")
    if format is not None:
        if format not in known:
            raise DataError(
                f"There is no format called {format!r}.", fix=f"There are: {', '.join(sorted(known))}."
            )
        return Guarded(format, known[format])
    for name in sorted(known, key=lambda name: _GENERAL.index(name) if name in _GENERAL else -1):
        if known[name].recognises(path, start):
            return Guarded(name, known[name])
    raise DataError(f"It is {_what(start)}, not a table of text.", where=path.name, fix=_CONVERT)


def is_text(start: bytes) -> bool:
    """Whether these first bytes of a file may be a table of text."""
    if unicode_mark(start)[:2] not in {b"", b"\xef\xbb"} or unmarked_utf16(start[:4096]):
        return True
    foreign = any(start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(mark) for mark, _ in _FOREIGN)
    return not foreign and len(start.translate(None, _CONTROL)) >= len(start) * 0.99


def _what(start: bytes) -> str:
    trimmed = start.lstrip(b"\xef\xbb\xbf \r\n\t")
    return next((what for mark, what in _FOREIGN if trimmed.startswith(mark)), "a binary file")

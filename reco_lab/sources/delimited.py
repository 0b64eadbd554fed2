"""Delimited text: comma, semicolon, tab, bar, double colon or space; with a header or without."""

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from reco_lab.core.errors import DataError
from reco_lab.core.source import Source, Table
from reco_lab.sources._dialect import SAMPLE_CHARS, STAND_IN, Dialect, decide, stand_in
from reco_lab.sources._fast import Read, fast
from reco_lab.sources._files import contents
from reco_lab.sources._records import careful
from reco_lab.sources._sniff import is_text
from reco_lab.sources._tables import MOST_REFUSED, check_refused, check_width, text_frame, unique_names
from reco_lab.sources._text import Text, decode

PREVIEW_BYTES = 64 << 20


class Delimited(Source):
    """A table of text. The dialect is decided on a sample; then every line is loaded or refused by it."""

    label: ClassVar[str] = "Delimited text (CSV, TSV)"
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt", ".dat", ".data")

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the content decides
        """Whether it is text at all."""
        return is_text(head)

    def read(
        self, path: Path, *, header: bool | None = None, rows: int | None = None, **options: Any
    ) -> Table:
        """Read the file; options `delimiter` and `encoding` replace the decision on the sample.

        Raises DataError where it is not text, has a header only, more than 1,000 columns, a line of more
        than 1 MB, or more than 1 % of rows that cannot be parsed.
        """
        text = _text(path, rows, options.get("encoding"))
        sample = _sample(text.data)
        dialect = decide(sample, header=header, delimiter=options.get("delimiter"))
        check_width(dialect.width, path.name)
        text = _stand_in(text, dialect.delimiter, path.name)
        if _later_quotes(text.data, sample, dialect):
            dialect = replace(dialect, quote='"')
        read = fast(text, dialect) if rows is None else None
        frame, refused = read or _slow(text, dialect, rows, path.name)
        if frame.empty:
            raise DataError("It has a header but no rows.", where=path.name, fix="Export it with its rows.")
        words = {"format": "delimited", "encoding": text.encoding} | dialect.words()
        words |= {"warning": text.warning} if text.warning else {}
        return Table(frame, len(frame) + len(refused), refused, words)


def _text(path: Path, rows: int | None, encoding: str | None) -> Text:
    data = contents(path, None if rows is None else PREVIEW_BYTES)
    if rows is not None and len(data) == PREVIEW_BYTES and b"\0" not in data[:4]:
        data = data[: data.rfind(b"\n") + 1] or data
    if not is_text(data[:SAMPLE_CHARS]):
        raise DataError("It is not a text.", where=path.name, fix="Save it as CSV (UTF-8).")
    text = decode(data, path.name, encoding)
    if not text.data.strip():
        raise DataError("It is empty.", where=path.name, fix="Bring a file with a header and rows.")
    return text


def _sample(data: bytes) -> str:
    if len(data) <= SAMPLE_CHARS:
        return data.decode("utf-8", "replace")
    return data[: data.rfind(b"\n", 0, SAMPLE_CHARS) + 1 or SAMPLE_CHARS].decode("utf-8", "replace")


def _stand_in(text: Text, delimiter: str, name: str) -> Text:
    if delimiter == STAND_IN and STAND_IN.encode() in text.data:
        raise DataError("It has control characters beside its double colons.", where=name)
    data = stand_in(text.data, delimiter)
    if data is text.data:
        return text
    return replace(text, data=data, ends=np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")))


def _later_quotes(data: bytes, sample: str, dialect: Dialect) -> bool:
    """Whether values in quotes begin only after the sample."""
    edges = (dialect.delimiter.encode() + b'"', b'\n"')
    return dialect.delimiter != STAND_IN and '"' not in sample and any(edge in data for edge in edges)


def _slow(text: Text, dialect: Dialect, rows: int | None, name: str) -> Read:
    found = careful(
        text.data.decode("utf-8", "surrogateescape"),
        dialect,
        rows=rows,
        most_refused=max(MOST_REFUSED * (len(text.ends) + 1), 3),
    )
    check_refused(found.refused, len(found.rows) + len(found.refused), name)
    columns = list(zip(*found.rows, strict=True)) or [()] * dialect.width
    arrays = [pa.array(column, pa.large_string()) for column in columns]
    names = unique_names(found.names or [""] * dialect.width)
    return text_frame(arrays, names, found.lines), (*found.preamble, *found.refused)

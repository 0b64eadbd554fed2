"""Delimited text: any delimiter, quote and encoding; with header rows or without, in one table or several."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused, Source, Table
from reco_lab.sources._dialect import ESCAPED, SAMPLE_CHARS, STAND_IN, Dialect, decide, sample_of
from reco_lab.sources._fast import fast
from reco_lab.sources._files import contents
from reco_lab.sources._header import joined_names
from reco_lab.sources._records import Records, careful
from reco_lab.sources._segments import FEWEST_ROWS, Segment, outside, segments
from reco_lab.sources._sniff import is_text
from reco_lab.sources._tables import (
    MOST_REFUSED,
    check_refused,
    check_width,
    choose,
    text_frame,
    unique_names,
    without_repeated_names,
)
from reco_lab.sources._text import Text, decode, line_ends, whole_lines

PREVIEW_BYTES = 4 << 20
_LEAST_LOOK = 1000


class Delimited(Source):
    """A table of text. The dialect is decided on a sample; then every line is loaded or refused by it."""

    label: ClassVar[str] = "Delimited text (CSV, TSV)"

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the content decides
        """Whether it is text at all."""
        return is_text(head)

    def read(
        self, path: Path, *, header: bool | None = None, rows: int | None = None, **options: Any
    ) -> Table:
        """Read the file; options `delimiter`, `quote` and `encoding` replace the decision on the sample.

        Of several tables in the file the first large one is read, or the one that the option `table` numbers (from 1).
        Raises DataError where it is not text, has a header only, more than 1,000 columns, a line of more than
        1 MB, or more than 1 % of rows that cannot be parsed (unless the option `allow_refused` is true).
        """
        text = _text(path, rows, options.get("encoding"))
        return _Reading(path.name, header, rows, options).table(text)


@dataclass(frozen=True)
class _Reading:
    """One reading of one text: what was asked."""

    name: str
    header: bool | None
    rows: int | None
    options: Mapping[str, Any] = field(default_factory=dict)

    def table(self, text: Text) -> Table:
        dialect = self._dialect(text)
        data = dialect.prepare(text.data)
        text = text if data is text.data else replace(text, data=data, ends=line_ends(data))
        wanted = self.options.get("table")
        read = fast(text, dialect) if self.rows is None and wanted is None else None
        if read is None:
            found = self._careful(text, dialect)
            if wanted is not None or _in_a_row(found.refused) >= FEWEST_ROWS:
                decoded = text.data.decode("utf-8", "surrogateescape")
                tables = segments(decoded, dialect)
                if len(tables) > 1 or wanted is not None:
                    return self._one_of(text, decoded, tables, dialect)
            read = self._frame(found, dialect)
        frame, again = without_repeated_names(read[0])
        if frame.empty:
            raise DataError("It has a header but no rows.", where=self.name, fix="Export it with its rows.")
        refused = [replace(one, text=dialect.restore(one.text)) for one in (*read[1], *again)]
        words = {"format": "delimited", "encoding": text.encoding} | dialect.words() | dict(text.notes)
        return Table(_restored(frame, dialect), len(frame) + len(refused), tuple(refused), words)

    def _dialect(self, text: Text) -> Dialect:
        sample = sample_of(text.data)
        options = self.options
        dialect = decide(
            sample, header=self.header, delimiter=options.get("delimiter"), quote=options.get("quote")
        )
        check_width(dialect.width, self.name)
        if (dialect.cut != dialect.delimiter and STAND_IN.encode() in text.data) or (
            dialect.escape and ESCAPED.encode() in text.data
        ):
            raise DataError("It has control characters where only text may be.", where=self.name)
        later = options.get("quote") is None and _later_quotes(text.data, sample, dialect)
        return replace(dialect, quote='"') if later else dialect

    def _careful(self, text: Text, dialect: Dialect) -> Records:
        lines = len(text.ends) + 1
        most = lines if self.options.get("allow_refused") else max(MOST_REFUSED * lines, _LEAST_LOOK)
        return careful(text.data, dialect, rows=self.rows, most_refused=most, damaged=text.damaged)

    def _frame(self, found: Records, dialect: Dialect) -> tuple[pd.DataFrame, tuple[Refused, ...]]:
        if not self.options.get("allow_refused"):
            check_refused(found.refused, len(found.lines) + len(found.refused), self.name)
        names = unique_names(joined_names(found.header) if found.header else [""] * dialect.width)
        return text_frame(found.columns(dialect.width), names, found.lines), (*found.aside, *found.refused)

    def _one_of(self, text: Text, decoded: str, tables: list[Segment], dialect: Dialect) -> Table:
        """One of several tables, read as a text of its own; the rows of the others are refused as such."""
        sizes = [len(one.lines) * one.columns for one in tables]
        first = next((number for number, size in enumerate(sizes, 1) if size >= max(sizes) / 2), 1)
        labels = [one.words(number) for number, one in enumerate(tables, 1)]
        number = choose(self.options.get("table"), labels, first, "table", self.name)
        chosen = tables[number - 1]
        part = "\n".join(decoded.split("\n")[chosen.first - 1 : chosen.stop - 1])
        data = dialect.restore(part).encode("utf-8", "surrogateescape")
        inner = replace(self, options={key: value for key, value in self.options.items() if key != "table"})
        table = inner.table(replace(text, data=data, ends=line_ends(data)))
        frame = table.frame.set_axis(table.frame.index + chosen.first - 1)
        moved = [replace(one, line=one.line + chosen.first - 1) for one in table.refused]
        refused = sorted([*moved, *outside(decoded, tables, number)], key=lambda one: one.line)
        words = table.dialect | {"tables": labels, "table": number}
        if len(tables) > 1:
            note = f"It holds {len(tables)} tables; {labels[number - 1]}, is read. "
            words["warning"] = note + str(table.dialect.get("warning", ""))
        return Table(frame, len(frame) + len(refused), tuple(refused), words)


def _text(path: Path, rows: int | None, encoding: str | None) -> Text:
    data = contents(path, None if rows is None else PREVIEW_BYTES, lines=True)
    if not is_text(data[:SAMPLE_CHARS]):
        raise DataError("It is not a text.", where=path.name, fix="Save it as CSV (UTF-8).")
    if rows is not None and len(data) == PREVIEW_BYTES:
        data = whole_lines(data, path.name)
    text = decode(data, path.name, encoding)
    if not text.data.strip():
        raise DataError("It is empty.", where=path.name, fix="Bring a file with a header and rows.")
    return text


def _later_quotes(data: bytes, sample: str, dialect: Dialect) -> bool:
    """Whether values in quotes begin only after the sample."""
    edges = (dialect.delimiter.encode() + b'"', b'\n"')
    return dialect.cut != STAND_IN and '"' not in sample and any(edge in data for edge in edges)


def _in_a_row(refused: list[Refused]) -> int:
    """The longest run of neighbouring refused lines."""
    steps = groupby(enumerate(refused), key=lambda pair: pair[1].line - pair[0])
    return max((len(list(run)) for _, run in steps), default=0)


def _restored(frame: pd.DataFrame, dialect: Dialect) -> pd.DataFrame:
    """The frame with the signs that `prepare` put in as what they stand for."""
    if dialect.quote:
        sign, stands_for = (STAND_IN, dialect.delimiter) if dialect.cut != dialect.delimiter else ("", "")
    else:
        sign, stands_for = (ESCAPED, dialect.delimiter) if dialect.escape else ("", "")
    if not sign:
        return frame
    names = [str(name).replace(sign, stands_for) for name in frame.columns]
    columns = [frame.iloc[:, at].str.replace(sign, stands_for, regex=False) for at in range(len(names))]
    return pd.DataFrame(dict(zip(names, columns, strict=True)), index=frame.index)

"""A query's rows on their way into a file of texts, block by block; the file is then read as any other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from reco_lab.core.errors import DataError
from reco_lab.sources._tables import check_width, unique_names
from reco_lab.sources.sql.marks import Mark, digest
from reco_lab.sources.sql.session import Rows
from reco_lab.sources.sql.text import as_text

MOST_TIES = 50_000
Said = Callable[[int], None]
_WHERE = "The query"


@dataclass(frozen=True)
class Most:
    """How much of a query is taken: rows, and bytes of text."""

    rows: int = 50_000_000
    bytes: int = 4 << 30


@dataclass(eq=False)
class Sink:
    """Writes rows to a Parquet file of texts; where `column` is given, minds how far it goes.

    `known` are digests of rows that an earlier reading had already: each takes one row away.
    """

    path: Path
    most: Most = field(default_factory=Most)
    column: str | None = None
    known: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    bytes: int = 0
    names: tuple[str, ...] = ()
    last: Any = None
    ties: list[str] = field(default_factory=list)
    skipped: int = 0
    seen: int = 0

    def write(self, blocks: Iterable[tuple[list[str], Rows]], said: Said) -> None:
        """Write all blocks. Raises DataError for more than is taken, or a column that is not there."""
        writer = None
        try:
            for names, rows in blocks:
                if writer is None:
                    check_width(len(names), _WHERE)
                    self.names = tuple(unique_names(names))
                    place = self._place()
                    writer = parquet.ParquetWriter(
                        self.path, pa.schema([(name, pa.large_string()) for name in self.names])
                    )
                table = self._table(self._fresh(rows, place))
                self._weigh(table)
                writer.write_table(table)
                said(self.rows)
        finally:
            if writer is not None:
                writer.close()

    def mark(self, before: Mark | None) -> Mark | None:
        """How far the column was read; as before where nothing came."""
        if self.last is None:
            return before
        below = self.seen - len(self.ties) + (before.below if before else 0)
        return Mark.at(self.last, self.ties, below)

    def _place(self) -> int | None:
        if self.column is None:
            return None
        if self.column not in self.names:
            raise DataError(
                f"There is no column {self.column!r}.",
                where=_WHERE,
                fix=f"There are: {', '.join(self.names[:30])}.",
            )
        return self.names.index(self.column)

    def _fresh(self, rows: Rows, place: int | None) -> Rows:
        return rows if place is None else [row for row in rows if self._is_new(row, place)]

    def _is_new(self, row: Any, place: int) -> bool:
        self.seen += 1
        if row[place] != self.last:
            self.last = row[place]
            self.ties.clear()
        if len(self.ties) >= MOST_TIES:
            raise DataError(
                f"More than {MOST_TIES:,} rows share one value of {self.column!r}.",
                where=_WHERE,
                fix="Go by a column that tells rows apart better, such as a number or a time that grows.",
            )
        mine = digest(row)
        self.ties.append(mine)
        if self.known.get(mine):
            self.known[mine] -= 1
            self.skipped += 1
            return False
        return True

    def _table(self, rows: Rows) -> Any:
        columns = zip(*rows, strict=True) if rows else [()] * len(self.names)
        return pa.table(
            [pa.array(as_text(column), pa.large_string()) for column in columns], names=list(self.names)
        )

    def _weigh(self, table: Any) -> None:
        self.rows += table.num_rows
        self.bytes += table.nbytes
        if self.rows > self.most.rows or self.bytes > self.most.bytes:
            what = (
                f"{self.most.rows:,} rows"
                if self.rows > self.most.rows
                else f"{self.most.bytes / 1e9:.1f} GB"
            )
            raise DataError(
                f"It has more than {what}.",
                where=_WHERE,
                fix="Ask for fewer columns, or for a part of the rows (WHERE).",
            )

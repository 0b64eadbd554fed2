"""Files that can be read as a stream of blocks: delimited text, packed or not, and Parquet."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused
from reco_lab.sources import _tables
from reco_lab.sources._blocks import Block, IrregularError, TextBlocks, restored
from reco_lab.sources._dialect import Dialect, decide, sample_of
from reco_lab.sources._files import contents, unpacked
from reco_lab.sources._text import Text, decode, whole_lines

LOOK_BYTES = 4 << 20
MOST_REFUSED = 500_000
BATCH_ROWS = 1 << 20
_MARKED = " with a mark"


class Stream(ABC):
    """A file read once from its beginning to its end, block by block."""

    name: str
    names: list[str]

    @abstractmethod
    def blocks(self, wanted: Sequence[str]) -> Iterator[Block]:
        """All rows with the wanted columns."""

    @abstractmethod
    def again(self, sizes: Sequence[int], needed: Sequence[bool]) -> Iterator[Block | None]:
        """The blocks of these sizes with all columns, None for those not needed."""

    @abstractmethod
    def words(self) -> dict[str, Any]:
        """How it was understood."""

    def restored(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """A column of a block as it stood in the file."""
        return column

    @abstractmethod
    def check_refused(self, refused: Sequence[Refused], rows: int, *, ended: bool) -> None:
        """Raise DataError for more refused rows than are allowed."""


class TextStream(Stream):
    """A delimited text."""

    def __init__(
        self,
        stream: IO[bytes],
        path: Path,
        look: Text,
        dialect: Dialect,
        options: Mapping[str, Any],
        size: int,
    ) -> None:
        self.name = path.name
        self._look, self._dialect, self._options = look, dialect, options
        late = options.get("quote") is None and '"' not in sample_of(look.data)
        encoding = look.encoding.removesuffix(_MARKED)
        self._text = TextBlocks(stream, path, dialect, encoding, late_quotes=late, size=size)

    @property
    def names(self) -> list[str]:  # type: ignore[override] # known after the first block
        """The names of its columns."""
        return self._text.names

    def blocks(self, wanted: Sequence[str]) -> Iterator[Block]:
        """All rows with the wanted columns."""
        return self._text.blocks(wanted)

    def again(self, sizes: Sequence[int], needed: Sequence[bool]) -> Iterator[Block | None]:
        """The blocks of these sizes with all columns, None for those not needed."""
        return self._text.again(sizes, needed)

    def restored(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """A column of a block as it stood in the file."""
        return restored(column, self._dialect)

    def words(self) -> dict[str, Any]:
        """How it was understood."""
        notes = dict(self._look.notes)
        if self._text.lost_at and "warning" not in notes:
            lost = f"line {self._text.lost_at} holds the sign \ufffd for one"
            notes["warning"] = f"Letters were lost before this file was made: {lost}."
        return {"format": "delimited", "encoding": self._look.encoding} | self._dialect.words() | notes

    def check_refused(self, refused: Sequence[Refused], rows: int, *, ended: bool) -> None:
        """Raise DataError for more than 1 % of the rows, once all are seen or there are very many."""
        if (ended or len(refused) > MOST_REFUSED) and not self._options.get("allow_refused"):
            _tables.check_refused(refused, rows + len(refused), self.name)


class ParquetStream(Stream):
    """A Parquet file; only the wanted columns are unpacked."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self.name = path.name
        self._file = parquet.ParquetFile(stream)
        _tables.check_width(self._file.metadata.num_columns, path.name)
        self._stored = self._file.schema_arrow.names
        self.names = _tables.unique_names(self._stored)

    def blocks(self, wanted: Sequence[str]) -> Iterator[Block]:
        """All rows with the wanted columns."""
        return self._blocks(wanted)

    def again(self, sizes: Sequence[int], needed: Sequence[bool]) -> Iterator[Block | None]:
        """The same blocks with all columns."""
        for block, wanted in zip(self._blocks(self.names), needed, strict=True):
            yield block if wanted else None
        _ = sizes

    def words(self) -> dict[str, Any]:
        """How it was understood."""
        return {"format": "Parquet", "header": True}

    def check_refused(self, refused: Sequence[Refused], rows: int, *, ended: bool) -> None:
        """Nothing to check: no row of a Parquet file is refused by its reader."""

    def _blocks(self, wanted: Sequence[str]) -> Iterator[Block]:
        stored = [self._stored[self.names.index(name)] for name in wanted]
        first = 1
        try:
            for batch in self._file.iter_batches(BATCH_ROWS, columns=stored):
                texts = [_tables.as_text(pa.chunked_array([batch.column(name)]), name) for name in stored]
                filled = [text.fill_null("") for text in texts]
                yield Block(filled, np.arange(first, first + batch.num_rows), batch.num_rows)
                first += batch.num_rows
        except pa.ArrowException as error:
            raise DataError(f"It is damaged ({error}).", where=self.name, fix="Export it again.") from error


@contextmanager
def open_stream(
    path: Path, source: str, *, header: bool | None, options: Mapping[str, Any], quoted: bool, size: int
) -> Iterator[Stream]:
    """Open a file as a stream; IrregularError for one that must be read as a whole.

    `quoted` says that quotes are used though the beginning does not show it, `size` is that of a block in bytes.
    """
    if source == "parquet":
        with path.open("rb") as stream:
            yield ParquetStream(stream, path)
        return
    if "table" in options:
        raise IrregularError("one of several tables")
    look = decode(
        whole_lines(contents(path, LOOK_BYTES, lines=True), path.name), path.name, options.get("encoding")
    )
    dialect = decide(
        sample_of(look.data), header=header, delimiter=options.get("delimiter"), quote=options.get("quote")
    )
    if look.damaged or dialect.width < 2 or dialect.delimiter == " ":
        raise IrregularError("damage, or columns of blanks")
    if quoted:
        dialect = replace(dialect, quote='"')
    with unpacked(path) as packed:
        yield TextStream(packed, path, look, dialect, options, size)

"""A delimited text too large to hold, block by block: the same rows and refusals as if it were read at once."""

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reco_lab.core.source import Refused
from reco_lab.sources._dialect import ESCAPED, STAND_IN, Dialect
from reco_lab.sources._fast import parsed, record_lines
from reco_lab.sources._files import CHUNK, check_size, long_line
from reco_lab.sources._header import joined_names
from reco_lab.sources._records import MOST_LINES_IN_A_ROW, careful
from reco_lab.sources._segments import FEWEST_ROWS, segments
from reco_lab.sources._tables import unique_names
from reco_lab.sources._text import LONGEST_LINE, Text, line_ends, unicode_mark

_PARTS = 32
_FEWEST_LINES = 2 * MOST_LINES_IN_A_ROW
_WINDOW = LONGEST_LINE // 2
_ENDS = re.compile(rb"\r\n|\n|\r")
_LOST = "\ufffd".encode()


class IrregularError(Exception):
    """A text that has to be looked at as a whole."""


class LateQuotesError(Exception):
    """Quotes that begin to be used only after the sample."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows: the wanted columns, the lines they begin on, what was refused among them.

    `size` is how much text it takes. `aside` are refused rows that are no damage, `again` those that repeat
    the names of the columns.
    """

    columns: list[pa.ChunkedArray]
    lines: NDArray[np.int64]
    size: int
    refused: list[Refused] = field(default_factory=list)
    aside: list[Refused] = field(default_factory=list)
    again: list[Refused] = field(default_factory=list)


class TextBlocks:
    """The blocks of a text. `names` are its columns, known after the first block."""

    def __init__(
        self, stream: IO[bytes], path: Path, dialect: Dialect, encoding: str, *, late_quotes: bool, size: int
    ) -> None:
        self.names: list[str] = []
        self.lost_at = 0
        self._size = size
        self._name, self._dialect, self._late_quotes = (
            path.name,
            dialect,
            late_quotes and dialect.cut != STAND_IN,
        )
        self._odd = dialect.skip_space or dialect.quote not in {"", '"'}
        self._pieces = _pieces(stream, encoding, dialect, path, size)
        self._held, self._at, self._ended, self._line = b"", 0, False, 1

    def blocks(self, wanted: Sequence[str]) -> Iterator[Block]:
        """Every row of the text, with only the columns `wanted`.

        Raises IrregularError where a block alone does not tell how to read it, LateQuotesError, and DataError
        for a line of more than 1 MB.
        """
        big, small = self._size, self._size // _PARTS
        size, slow = small, 0
        while True:
            data, last = self._peek(size)
            if not data:
                return
            block = self._regular(data, wanted, last=last) if self.names and not self._odd else None
            if block is None and self.names and size > small and not self._odd:
                size, slow = small, _PARTS
                continue
            block = block or self._carefully(data, wanted, last=last)
            if block is None:
                size = small = 4 * size
                continue
            self._at += block.size
            slow -= 1
            size = small if slow > 0 else big
            yield block

    def again(self, sizes: Sequence[int], needed: Sequence[bool]) -> Iterator[Block | None]:
        """The blocks with these sizes once more and with all columns, None for those that are not needed."""
        for size, wanted in zip(sizes, needed, strict=True):
            data, _ = self._peek(size, exactly=True)
            block = None
            if wanted or not self.names:
                block = self._regular(data, None, last=True) if self.names and not self._odd else None
                block = block or self._carefully(data, None, last=True)
            else:
                self._line += len(_ENDS.findall(data)) if b"\r" in data else data.count(b"\n")
            self._at += size
            yield block if wanted else None

    def _peek(self, size: int, *, exactly: bool = False) -> tuple[bytes, bool]:
        """Whole lines from where we are, about `size` bytes, and whether these are the last."""
        have, needed = len(self._held) - self._at, size if exactly else size // 2
        if have < needed and not self._ended:
            parts = [self._held[self._at :]]
            while have < needed and not self._ended:
                parts.append(next(self._pieces, b""))
                self._ended = not parts[-1]
                have += len(parts[-1])
            self._held, self._at = b"".join(filter(None, parts)), 0
        if have <= size:
            return self._held[self._at :], self._ended
        cut = self._at + size if exactly else self._held.rfind(b"\n", self._at, self._at + size) + 1
        if cut <= self._at:
            cut = self._held.find(b"\n", self._at) + 1 or len(self._held)
        return self._held[self._at : cut], False

    def _regular(self, data: bytes, wanted: Sequence[str] | None, *, last: bool) -> Block | None:
        dialect = self._dialect
        returns = data.count(b"\r")
        if b"\0" in data or (returns and returns != data.count(b"\r\n")) or not _is_utf8(data):
            return None
        self._check(data)
        if dialect.quote and b'"' in data:
            data = data if last else data[: _outside_quotes(data)]
        table = parsed(data, dialect, only=self._places(wanted))
        lines = None if table is None else self._lines(data, table.num_rows)
        if table is None or lines is None or table.num_rows != len(lines):
            return None
        block = Block(table.columns, lines + self._line - 1, len(data))
        block = self._without_repeats(block, data, wanted)
        self._line += data.count(b"\n")
        return block

    def _lines(self, data: bytes, rows: int) -> NDArray[np.int64] | None:
        """The lines on which records begin, from 1."""
        quoted = self._dialect.quote and b'"' in data
        if not quoted and rows == data.count(b"\n") + (not data.endswith(b"\n")):
            return np.arange(1, rows + 1)
        return record_lines(Text(data, "utf-8", line_ends(data)), self._dialect)

    def _carefully(self, data: bytes, wanted: Sequence[str] | None, *, last: bool) -> Block | None:
        """Row by row; what begins so late that its end may not be seen yet is left to the next block."""
        if not _is_utf8(data):
            raise IrregularError("its letters")
        self._check(data)
        ends = [found.end() for found in _ENDS.finditer(data)]
        if len(ends) < _FEWEST_LINES and not last:
            return None
        found = careful(data, self._dialect, rows=None, most_refused=len(ends) + 1, damaged=False)
        count = len(ends) + (not ends or ends[-1] < len(data))
        late = count if last else count - MOST_LINES_IN_A_ROW
        lines = np.array(found.lines, np.int64)
        others = [one.line for one in (*found.refused, *found.aside)]
        rest = min([*lines[lines > late][:1].tolist(), *(line for line in others if line > late)], default=0)
        stop, size = (rest, ends[rest - 2]) if rest else (count + 1, len(data))
        refused, aside = ([one for one in part if one.line < stop] for part in (found.refused, found.aside))
        if _in_a_row(refused) and len(segments(data[:size].decode(), self._dialect)) > 1:
            raise IrregularError("several tables")
        if not self.names:
            self._begin(found.header)
        kept = int((lines < stop).sum())
        places = self._places(wanted)
        columns = found.columns(self._dialect.width)
        block = Block(
            [
                column.slice(0, kept)
                for column in (columns if places is None else [columns[at] for at in places])
            ],
            lines[:kept] + self._line - 1,
            size,
            [self._told(one) for one in refused],
            [self._told(one) for one in aside],
        )
        block = self._without_repeats(block, data[:size], wanted, columns)
        self._line += stop - 1
        return block

    def _begin(self, header: list[list[str]]) -> None:
        dialect = self._dialect
        if len(header) < dialect.header_rows:
            raise IrregularError("its header")
        self.names = unique_names(joined_names(header) if header else [""] * dialect.width)
        self._dialect = replace(dialect, preamble=0, header_rows=0)

    def _told(self, one: Refused) -> Refused:
        return replace(one, line=one.line + self._line - 1, text=self._dialect.restore(one.text))

    def _places(self, wanted: Sequence[str] | None) -> list[int] | None:
        return None if wanted is None else [self.names.index(name) for name in wanted]

    def _without_repeats(
        self,
        block: Block,
        data: bytes,
        wanted: Sequence[str] | None,
        columns: list[pa.ChunkedArray] | None = None,
    ) -> Block:
        """The block without rows that only repeat the names of the columns; these are refused."""
        names = self.names if wanted is None else wanted
        again = _equal(block.columns, names)
        if not again.any():
            return block
        if wanted is not None:
            every = columns
            if every is None:
                table = parsed(data, self._dialect)
                every = [] if table is None else table.columns
            again &= _equal([one.slice(0, len(again)) for one in every], self.names)
        text = self._dialect.restore(", ".join(self.names))
        repeated = [
            Refused(int(line), text, "repeats the names of the columns") for line in block.lines[again]
        ]
        kept = [column.filter(pa.array(~again)) for column in block.columns]
        return replace(block, columns=kept, lines=block.lines[~again], again=repeated)

    def _check(self, data: bytes) -> None:
        if self._late_quotes and not self._dialect.quote and b'"' in data:
            edges = (self._dialect.delimiter.encode() + b'"', b'\n"')
            if data.startswith(b'"') or any(edge in data for edge in edges):
                raise LateQuotesError
        if any(data.find(b"\n", at, at + _WINDOW) < 0 for at in range(0, len(data), _WINDOW)):
            lengths = np.diff(np.concatenate(([-1], line_ends(data), [len(data)])))
            if lengths.max() > LONGEST_LINE:
                raise long_line(self._line + int(lengths.argmax()), self._name)
        if not (self.lost_at or data.isascii()) and _LOST in data:
            self.lost_at = self._line + data.count(b"\n", 0, data.find(_LOST))


def restored(column: pa.Array, dialect: Dialect) -> pa.Array:
    """Texts with the signs that `Dialect.prepare` put in as what they stand for."""
    if dialect.quote and dialect.cut != dialect.delimiter:
        return pc.replace_substring(column, STAND_IN, dialect.delimiter)
    if not dialect.quote and dialect.escape:
        return pc.replace_substring(column, ESCAPED, dialect.delimiter)
    return column


def _pieces(stream: IO[bytes], encoding: str, dialect: Dialect, path: Path, size: int) -> Iterator[bytes]:
    """The text as UTF-8, prepared, in pieces of whole lines of about this size."""
    packed, unpacked = path.stat().st_size, 0
    decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)()
    part = stream.read(size)
    part = part[len(unicode_mark(part)) :]
    rest = b""
    while part:
        unpacked += len(part)
        check_size(unpacked, packed, path.name, most=None)
        if decoder is not None:
            part = decoder.decode(part).encode()
        cut = part.rfind(b"\n") + 1
        if cut:
            yield _prepared(b"".join((rest, memoryview(part)[:cut])), dialect)
            rest = part[cut:]
        else:
            rest += part
            if len(rest) > CHUNK:
                raise IrregularError("a long line") if b"\r" in rest else long_line(1, path.name)
        part = stream.read(size)
    if decoder is not None:
        rest += decoder.decode(b"", final=True).encode()
    if rest:
        yield _prepared(rest, dialect)


def _prepared(data: bytes, dialect: Dialect) -> bytes:
    signs = [STAND_IN] * (dialect.cut != dialect.delimiter) + [ESCAPED] * bool(dialect.escape)
    if any(sign.encode() in data for sign in signs):
        raise IrregularError("control characters")
    return dialect.prepare(data)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _outside_quotes(data: bytes) -> int:
    """Where the last line ends that does not end within quotes."""
    array = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(array == ord("\n"))
    outside = np.searchsorted(np.flatnonzero(array == ord('"')), ends) % 2 == 0
    return int(ends[outside][-1]) + 1 if outside.any() else len(data)


def _equal(columns: Sequence[pa.ChunkedArray], names: Sequence[str]) -> NDArray[np.bool_]:
    again = np.ones(len(columns[0]) if columns else 0, bool)
    for column, name in zip(columns, names, strict=True):
        again &= pc.equal(column, name).to_numpy()
        if not again.any():
            break
    return again


def _in_a_row(refused: Sequence[Refused]) -> bool:
    lines = [one.line for one in refused]
    return any(
        lines[at + FEWEST_ROWS - 1] - lines[at] == FEWEST_ROWS - 1
        for at in range(len(lines) - FEWEST_ROWS + 1)
    )

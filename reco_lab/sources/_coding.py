"""Columns of text on their way out of a process, as numbers."""

import json
from abc import ABC, abstractmethod
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MOST_SHARED = 1 << 20
_LONGEST_NUMBER = 18
_EIGHT = 8


class Output:
    """A stream that knows where it is; `end` writes an account and its length behind all else."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._at = stream, 0

    def array(self, array: NDArray[Any]) -> int:
        """Write numbers; where they begin."""
        at = self._at
        self._write(np.ascontiguousarray(array).view(np.uint8).data)
        self._write(b"\0" * (-self._at % _EIGHT))
        return at

    def texts(self, texts: pa.Array) -> list[int]:
        """Write texts; where they begin and how many bytes they take."""
        sink = pa.BufferOutputStream()
        table = pa.table([texts], names=["text"])
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        buffer = sink.getvalue()
        at = self._at
        self._write(memoryview(buffer))
        self._write(b"\0" * (-self._at % _EIGHT))
        return [at, buffer.size]

    def end(self, account: dict[str, Any] | None) -> None:
        """Write the account."""
        told = json.dumps(account).encode()
        self._write(told + len(told).to_bytes(_EIGHT, "little"))

    def _write(self, data: Any) -> None:
        self._stream.write(data)
        self._at += len(data)


class Coder(ABC):
    """Writes a column block by block."""

    def __init__(self, output: Output) -> None:
        self._output = output

    @abstractmethod
    def write(self, column: pa.ChunkedArray) -> dict[str, Any]:
        """Write a block; where it is."""

    @abstractmethod
    def end(self) -> list[int] | None:
        """Write the texts that the codes of all blocks stand for, if there are any; where they are."""


class TextCodes(Coder):
    """Codes of distinct texts in the order in which they first come; -1 for the empty text."""

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._known: list[pa.Array] = []
        self.count = 0

    def write(self, column: pa.ChunkedArray) -> dict[str, Any]:
        """Write the codes."""
        encoded = column.dictionary_encode()
        return {"way": "codes", "at": self.put(encoded)}

    def put(self, encoded: pa.ChunkedArray) -> int:
        """Write the codes of a column that is a dictionary already."""
        chunks = encoded.chunks
        if not chunks:
            return self._output.array(np.zeros(0, np.int32))
        codes = self._codes(chunks[-1].dictionary)
        return self._output.array(np.concatenate([codes[chunk.indices.to_numpy()] for chunk in chunks]))

    def end(self) -> list[int] | None:
        """Write the distinct texts."""
        return self._output.texts(self._texts()) if self.count else None

    def _codes(self, texts: pa.Array) -> NDArray[np.int32]:
        """The codes of distinct texts; new ones get the next."""
        empty = pc.equal(texts, "").to_numpy(zero_copy_only=False)
        found = pc.index_in(texts, value_set=self._texts()) if self.count else pa.nulls(len(texts), pa.int32())
        new = found.is_null().to_numpy(zero_copy_only=False) & ~empty
        codes = np.array(found.fill_null(-1), np.int32)
        codes[new] = np.arange(self.count, self.count + new.sum())
        codes[empty] = -1
        if new.any():
            self._known.append(texts.filter(pa.array(new)))
            self.count += int(new.sum())
        return codes

    def _texts(self) -> pa.Array:
        self._known = [pa.concat_arrays(self._known)]
        return self._known[0]


class Numbers(Coder):
    """Whole numbers where a block holds nothing else, else codes: of texts known to all blocks, or of its own.

    A number is taken only where it says all of its text: not 007, +5, 5.0.
    """

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._shared = TextCodes(output)

    def write(self, column: pa.ChunkedArray) -> dict[str, Any]:
        """Write the numbers, or the codes."""
        if _are_numbers(column):
            numbers = np.concatenate([pc.cast(chunk, pa.int64()).to_numpy() for chunk in column.chunks])
            return {"way": "numbers", "at": self._output.array(numbers)}
        encoded = column.dictionary_encode()
        if self._shared.count + len(encoded.chunks[-1].dictionary) <= MOST_SHARED:
            return {"way": "codes", "at": self._shared.put(encoded)}
        own = TextCodes(self._output)
        return {"way": "codes", "at": own.put(encoded), "texts": own.end()}

    def end(self) -> list[int] | None:
        """Write the texts that several blocks share."""
        return self._shared.end()


def _are_numbers(column: pa.ChunkedArray) -> bool:
    return column.num_chunks > 0 and all(_chunk_is_numbers(chunk) for chunk in column.chunks)


def _chunk_is_numbers(chunk: pa.LargeStringArray) -> bool:
    if not len(chunk) or chunk.null_count:
        return False
    _, places, texts = chunk.buffers()
    edges = np.frombuffer(places, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
    lengths = np.diff(edges)
    if lengths.min() == 0 or lengths.max() > _LONGEST_NUMBER:
        return False
    data = np.frombuffer(texts, np.uint8)[edges[0] : edges[-1]]
    padded = (data[edges[:-1] - edges[0]] == ord("0")) & (lengths > 1)
    return bool((data >= ord("0")).all() and (data <= ord("9")).all() and not padded.any())

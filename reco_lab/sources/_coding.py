"""Columns of text on their way out of a process, as numbers."""

import json
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MOST_SHARED = 1 << 20
_LONGEST_NUMBER = 18
_EIGHT = 8


@dataclass(frozen=True, eq=False)
class Part:
    """A block of a column: whole numbers, or codes into the texts of the coder or into `texts` of its own."""

    numbers: NDArray[Any]
    is_text: bool
    texts: pa.Array | None = None


class Coder(ABC):
    """Turns a column into numbers block by block, in the order of the file."""

    @abstractmethod
    def code(self, column: pa.ChunkedArray) -> Part:
        """A block as numbers."""

    @property
    @abstractmethod
    def texts(self) -> pa.Array | None:
        """The texts that the codes of all blocks stand for, if there are any."""


class TextCodes(Coder):
    """Codes of distinct texts in the order in which they first come; -1 for the empty text."""

    def __init__(self) -> None:
        self._known: list[pa.Array] = []
        self._short = pd.Index([], dtype=np.uint64)
        self._short_codes = np.full(1, -1, np.int32)
        self.count = 0

    def code(self, column: pa.ChunkedArray) -> Part:
        """The codes."""
        packed = [_packed(chunk) for chunk in column.chunks]
        if not packed or any(one is None for one in packed):
            return self.recode(column.dictionary_encode())
        return Part(
            np.concatenate([self._codes_of_short(one) for one in packed if one is not None]), is_text=True
        )

    def recode(self, encoded: pa.ChunkedArray) -> Part:
        """The codes of a column that is a dictionary already."""
        if not encoded.num_chunks:
            return Part(np.zeros(0, np.int32), is_text=True)
        codes = self._codes(encoded.chunks[-1].dictionary)
        return Part(np.concatenate([codes[one.indices.to_numpy()] for one in encoded.chunks]), is_text=True)

    @property
    def texts(self) -> pa.Array | None:
        """The distinct texts."""
        if len(self._known) > 1:
            self._known = [pa.concat_arrays(self._known)]
        return self._known[0] if self._known else None

    def _codes(self, texts: pa.Array) -> NDArray[np.int32]:
        """The codes of distinct texts; new ones get the next."""
        known = self.texts
        found = pa.nulls(len(texts), pa.int32()) if known is None else pc.index_in(texts, value_set=known)
        codes = np.array(found.fill_null(-1), np.int32)
        new = (codes < 0) & pc.not_equal(texts, "").to_numpy(zero_copy_only=False)
        if new.any():
            codes[new] = np.arange(self.count, self.count + new.sum())
            self._add(texts.filter(pa.array(new)))
        return codes

    def _codes_of_short(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        codes = self._short_codes[self._short.get_indexer(pd.Index(keys))]
        new = np.flatnonzero((codes < 0) & (keys > 0))
        if len(new):
            places, fresh = pd.factorize(keys[new])
            codes[new] = places + self.count
            self._add(pa.array(fresh.view("S8").tolist(), pa.binary()).cast(pa.large_string()))
        return codes

    def _add(self, texts: pa.Array) -> None:
        """Give new texts the next codes."""
        short = texts.filter(pc.less_equal(pc.binary_length(texts), _EIGHT))
        keys = _packed(short)
        if keys is not None and len(keys):
            codes = np.arange(self.count, self.count + len(texts), dtype=np.int32)
            if len(keys) < len(texts):
                codes = codes[pc.less_equal(pc.binary_length(texts), _EIGHT).to_numpy(zero_copy_only=False)]
            self._short = self._short.append(pd.Index(keys))
            self._short_codes = np.concatenate([self._short_codes[:-1], codes, self._short_codes[-1:]])
        self._known.append(texts)
        self.count += len(texts)


class Numbers(Coder):
    """Codes of texts known to all blocks or, where these are too many, of the block's own.

    With `whole`, whole numbers where a block holds nothing else, and where they say all of their text: not 007,
    +5, 5.0.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole, self._shared = whole, TextCodes()

    def code(self, column: pa.ChunkedArray) -> Part:
        """The numbers, or the codes."""
        if self._whole and column.num_chunks and all(_are_numbers(chunk) for chunk in column.chunks):
            numbers = [pc.cast(chunk, pa.int64()).to_numpy() for chunk in column.chunks]
            return Part(np.concatenate(numbers), is_text=False)
        if self._shared.count <= MOST_SHARED:
            return self._shared.code(column)
        own = TextCodes()
        return Part(own.code(column).numbers, True, own.texts)

    @property
    def texts(self) -> pa.Array | None:
        """The texts that several blocks share."""
        return self._shared.texts


class Output:
    """A stream that knows where it is; `end` writes an account and its length behind all else."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._at = stream, 0

    def part(self, part: Part) -> dict[str, Any]:
        """Write a block of a column; where it is."""
        place = {"way": "codes" if part.is_text else "numbers", "at": self._array(part.numbers)}
        return place if part.texts is None else place | {"texts": self.texts(part.texts)}

    def texts(self, texts: pa.Array) -> list[int]:
        """Write texts; where they begin and how many bytes they take."""
        sink = pa.BufferOutputStream()
        table = pa.table([texts], names=["text"])
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        buffer = sink.getvalue()
        return [self._write(memoryview(buffer)), buffer.size]

    def end(self, account: dict[str, Any] | None) -> None:
        """Write the account."""
        told = json.dumps(account).encode()
        self._stream.write(told + len(told).to_bytes(_EIGHT, "little"))

    def _array(self, array: NDArray[Any]) -> int:
        return self._write(array.view(np.uint8).data if len(array) else b"")

    def _write(self, data: Any) -> int:
        at, gap = self._at, -len(data) % _EIGHT
        self._stream.write(data)
        self._stream.write(b"\0" * gap)
        self._at += len(data) + gap
        return at


def _packed(chunk: pa.LargeStringArray) -> NDArray[np.uint64] | None:
    """Texts of at most 8 bytes, none of them NUL, as numbers; None where one is longer."""
    if not len(chunk) or chunk.null_count or sys.byteorder != "little":
        return None
    edges, data = _bytes(chunk)
    lengths = np.diff(edges)
    if lengths.max() > _EIGHT or not data.all():
        return None
    padded = np.append(data, np.zeros(_EIGHT, np.uint8))
    eights = np.ndarray((len(data) + 1,), "<u8", padded, strides=(1,))
    masks = np.array([(1 << 8 * length) - 1 for length in range(_EIGHT + 1)], np.uint64)
    return np.asarray(eights[edges[:-1] - edges[0]] & masks[lengths], np.uint64)


def _bytes(chunk: pa.LargeStringArray) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Where each text begins and ends, and the bytes from the first to the last."""
    _, places, texts = chunk.buffers()
    edges = np.frombuffer(places, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
    data = np.zeros(0, np.uint8) if texts is None else np.frombuffer(texts, np.uint8)
    return edges, data[edges[0] : edges[-1]]


def _are_numbers(chunk: pa.LargeStringArray) -> bool:
    if not len(chunk) or chunk.null_count:
        return False
    edges, data = _bytes(chunk)
    lengths = np.diff(edges)
    if lengths.min() == 0 or lengths.max() > _LONGEST_NUMBER:
        return False
    padded = (data[edges[:-1] - edges[0]] == ord("0")) & (lengths > 1)
    return bool((data >= ord("0")).all() and (data <= ord("9")).all() and not padded.any())

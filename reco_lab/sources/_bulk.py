"""Large files as numbers: what is wanted of each row, coded block by block in a process that keeps little."""

import json
import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from reco_lab.core.coded import Piece
from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused
from reco_lab.jobs.confined import LimitError, Limits, RefusedError, run_confined
from reco_lab.sources._files import GZIP, PARQUET, ZIP, ZSTANDARD
from reco_lab.sources._guard import Guarded, share_of_memory
from reco_lab.sources._sniff import sniff

LARGE_BYTES = 64 << 20
PACKED = 8
AT_ONCE = 16
BLOCK_BYTES = 8 << 20
LIMITS = Limits(memory=8 << 30, cpu_seconds=7200, wall_seconds=7200.0)
_CHILD = "reco_lab.sources._bulk_child"
Way = Literal["id", "value", "time"]


@dataclass(frozen=True, eq=False)
class Coded:
    """What was read: `rows` rows, for each wanted column its pieces, what was refused, how it was understood."""

    path: Path
    request: Mapping[str, Any]
    buffer: mmap.mmap
    account: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return int(self.account["rows"])

    @property
    def dialect(self) -> dict[str, Any]:
        """How the file was understood, in words."""
        return dict(self.account["dialect"])

    @cached_property
    def refused(self) -> tuple[Refused, ...]:
        """The rows that could not be read."""
        return tuple(Refused(*one) for one in self.account["refused"])

    def pieces(self, column: str) -> list[Piece]:
        """A column, as pieces in the order of the file, none without rows."""
        shared = self.account["texts"].get(column)
        texts = None if shared is None else self._texts(shared)
        found: list[Piece] = []
        start = 0
        for block in filter(lambda block: block["rows"], self.account["blocks"]):
            one = block["columns"][column]
            is_text = one["way"] == "codes"
            values = np.frombuffer(self.buffer, np.int32 if is_text else np.int64, block["rows"], one["at"])
            own = one.get("texts")
            if is_text and texts is None and own is None:
                texts = pd.Series([], dtype="str")
            found.append(
                Piece(start, values, (texts if own is None else self._texts(own)) if is_text else None)
            )
            start += block["rows"]
        return found

    def frames(self, rows: NDArray[np.intp], folder: Path) -> Iterator[pd.DataFrame]:
        """These rows (ascending) with all columns as text and their lines as index, some at a time.

        Reads the file again; `folder` is for a note to the process that does.
        """
        note = folder / "rows.npy"
        np.save(note, rows, allow_pickle=False)
        sizes = [[block["size"], block["rows"]] for block in self.account["blocks"]]
        request = {
            **self.request,
            "quoted": "quoted" in self.account,
            "again": {"rows": str(note), "blocks": sizes},
        }
        answer = _run(self.path, request)
        with pa.ipc.open_stream(pa.py_buffer(answer)) as batches:
            for batch in batches:
                frame: pd.DataFrame = batch.to_pandas().astype(dict.fromkeys(batch.schema.names[1:], "str"))
                yield frame.set_index("line")

    def rest(self) -> None:
        """Let go of the memory that looking at the numbers took; they can be looked at again."""
        if hasattr(self.buffer, "madvise"):
            self.buffer.madvise(mmap.MADV_DONTNEED)

    def _texts(self, place: Sequence[int]) -> pd.Series:
        at, size = place
        table = pa.ipc.open_stream(pa.py_buffer(self.buffer).slice(at, size)).read_all()
        texts: pd.Series = table.column(0).to_pandas().astype("str")
        return texts


def streamed(path: Path, format_: str | None) -> str | None:
    """The source that reads a file as a stream; None for one that is small, or that is always read as a whole."""
    source = sniff(path, format_)
    name = source.name if isinstance(source, Guarded) else ""
    large = name in {"delimited", "parquet"} and size_as_text(path) > LARGE_BYTES
    return name if large else None


def size_as_text(path: Path) -> int:
    """About how many bytes of text a file holds; one that is packed is taken to hold eight times its size."""
    with path.open("rb") as stream:
        packed = stream.read(4).startswith((GZIP, ZSTANDARD, ZIP, PARQUET))
    return path.stat().st_size * (PACKED if packed else 1)


def require_memory(path: Path) -> None:
    """Raise DataError for a file that is too large to be read at once: that takes 16 times its size."""
    needed = size_as_text(path) * AT_ONCE
    if needed > share_of_memory():
        raise DataError(
            f"It has to be read at once, and that takes about {needed / 1e9:.0f} GB of memory.",
            where=path.name,
            fix="Bring it in parts. Without steps that compare rows with others, a regular file takes far less.",
        )


def read_coded(
    path: Path,
    source: str,
    columns: Mapping[str, Way],
    *,
    header: bool | None,
    options: Mapping[str, Any],
) -> Coded | None:
    """Read the wanted columns of a file of any size; None where only a look at the whole tells how.

    Each column comes in its way: an "id" with one list of distinct texts, a "value" with several where these are
    too many, a "time" as whole numbers where it holds nothing else. DataError as the source raises it.
    """
    request = {
        "path": str(path.absolute()), "source": source, "header": header, "options": dict(options),
        "columns": dict(columns), "quoted": False, "size": BLOCK_BYTES,
    }  # fmt: skip
    buffer = _run(path, request)
    size = int.from_bytes(buffer[-8:], "little")
    account = json.loads(buffer[-8 - size : -8])
    return None if account is None else Coded(path, request, buffer, account)


def _run(path: Path, request: Mapping[str, Any]) -> mmap.mmap:
    try:
        return run_confined(_CHILD, request, LIMITS)
    except RefusedError as error:
        raise DataError(**error.parts) from error
    except LimitError as error:
        raise DataError(
            f"Reading it takes more {error.what} than it may.",
            where=path.name,
            fix="Split it into smaller files.",
        ) from error

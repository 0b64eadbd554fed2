"""Large files as numbers: what is wanted of each row is coded block by block, in a process that keeps little.

`python -m reco_lab.sources._bulk` is that process. It writes the numbers of each block where they fall, then the
texts they stand for, then an account of where all that is; the other end maps it and copies nothing.
"""

import json
import mmap
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused
from reco_lab.jobs.confined import LimitError, Limits, RefusedError, run_confined, serve
from reco_lab.sources._coding import Coder, Numbers, Output, Part, TextCodes
from reco_lab.sources._blocks import IrregularError, LateQuotesError
from reco_lab.sources._streams import Stream, open_stream
from reco_lab.sources._tables import without_empty

LIMITS = Limits(memory=8 << 30, cpu_seconds=7200, wall_seconds=7200.0)
MOST_ROWS = (1 << 31) - 2
_CHILD = "reco_lab.sources._bulk"
Way = Literal["text", "number"]


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows from `start` on: `numbers` that are the texts, or codes into `texts`, -1 where there is none."""

    start: int
    numbers: NDArray[np.int64] | None
    codes: NDArray[np.int32] | None
    texts: pd.Series | None

    @property
    def rows(self) -> slice:
        """Where its rows stand among all."""
        values = self.codes if self.numbers is None else self.numbers
        return slice(self.start, self.start + (0 if values is None else len(values)))


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
        """A column, as pieces in the order of the file."""
        shared = self.account["texts"].get(column)
        texts = None if shared is None else self._texts(shared)
        found, start = [], 0
        for block in self.account["blocks"]:
            one = block["columns"][column]
            count = block["rows"]
            if one["way"] == "numbers":
                found.append(Piece(start, np.frombuffer(self.buffer, np.int64, count, one["at"]), None, None))
            else:
                codes = np.frombuffer(self.buffer, np.int32, count, one["at"])
                own = one.get("texts")
                found.append(Piece(start, None, codes, texts if own is None else self._texts(own)))
            start += count
        return found

    def frames(self, rows: NDArray[np.intp], folder: Path) -> Iterator[pd.DataFrame]:
        """These rows (ascending) with all columns as text and their lines as index, some at a time.

        Reads the file again; `folder` is for a note to the process that does.
        """
        note = folder / "rows.npy"
        np.save(note, rows, allow_pickle=False)
        sizes = [[block["size"], block["rows"]] for block in self.account["blocks"]]
        request = {**self.request, "quoted": "quoted" in self.account, "again": {"rows": str(note), "blocks": sizes}}
        answer = _run(self.path, request)
        with pa.ipc.open_stream(pa.py_buffer(answer)) as batches:
            for batch in batches:
                frame: pd.DataFrame = batch.to_pandas().astype(dict.fromkeys(batch.schema.names[1:], "str"))
                yield frame.set_index("line")

    def _texts(self, place: Sequence[int]) -> pd.Series:
        at, size = place
        table = pa.ipc.open_stream(pa.py_buffer(self.buffer).slice(at, size)).read_all()
        texts: pd.Series = table.column(0).to_pandas().astype("str")
        return texts


def read_coded(
    path: Path,
    source: str,
    columns: Mapping[str, Way],
    *,
    header: bool | None,
    options: Mapping[str, Any],
) -> Coded | None:
    """Read the wanted columns of a file of any size; None where only a look at the whole tells how.

    A "number" column comes as whole numbers where it holds nothing else. DataError as the source raises it.
    """
    request = {
        "path": str(path.absolute()), "source": source, "header": header, "options": dict(options),
        "columns": dict(columns), "quoted": False,
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
            f"Reading it takes more {error.what} than it may.", where=path.name, fix="Split it into smaller files."
        ) from error


def parse(request: dict[str, Any], stream: IO[bytes]) -> None:
    """Code the file, or write the rows that are asked for again."""
    path, output = Path(request["path"]), Output(stream)
    settings = {"header": request["header"], "options": request["options"]}
    try:
        with open_stream(path, request["source"], **settings, quoted=request["quoted"]) as opened:
            if "again" in request:
                _again(opened, request["again"], stream)
                return
            account: dict[str, Any] | None = _coded(opened, request["columns"], output)
    except LateQuotesError:
        with open_stream(path, request["source"], **settings, quoted=True) as opened:
            account = _coded(opened, request["columns"], output) | {"quoted": True}
    except (IrregularError, UnicodeError):
        account = None
    output.end(account)


def _coded(opened: Stream, columns: Mapping[str, Way], output: Output) -> dict[str, Any]:
    coders: dict[str, Coder] = {
        name: Numbers() if way == "number" else TextCodes() for name, way in columns.items()
    }
    refused: list[list[Refused]] = [[], [], []]
    blocks: list[dict[str, Any]] = []
    rows = 0
    with ThreadPoolExecutor(len(coders)) as pool:
        under_way: list[Future[Part]] = []
        for block in opened.blocks(list(columns)):
            _finish(under_way, blocks, coders, output)
            under_way = [
                pool.submit(lambda coder, column: coder.code(opened.restored(column)), coder, column)
                for coder, column in zip(coders.values(), block.columns, strict=True)
            ]
            blocks.append({"rows": len(block.lines), "size": block.size})
            rows += len(block.lines)
            for known, more in zip(refused, (block.aside, block.refused, block.again), strict=True):
                known.extend(more)
            if rows > MOST_ROWS:
                raise DataError("It has more than 2,147,483,646 rows.", where=opened.name, fix="Split it.")
            opened.check_refused(refused[1], rows, ended=False)
        _finish(under_way, blocks, coders, output)
    opened.check_refused(refused[1], rows, ended=True)
    if not rows:
        raise DataError("It has a header but no rows.", where=opened.name, fix="Export it with its rows.")
    return {
        "rows": rows,
        "blocks": blocks,
        "refused": [[one.line, one.text, one.reason] for part in refused for one in part],
        "texts": {name: output.texts(one.texts) for name, one in coders.items() if one.texts is not None},
        "dialect": opened.words(),
    }


def _finish(
    under_way: list[Future[Part]], blocks: list[dict[str, Any]], coders: Mapping[str, Coder], output: Output
) -> None:
    if under_way:
        parts = [one.result() for one in under_way]
        blocks[-1]["columns"] = dict(zip(coders, map(output.part, parts), strict=True))


def _again(opened: Stream, request: Mapping[str, Any], stream: IO[bytes]) -> None:
    wanted = np.load(request["rows"], allow_pickle=False)
    sizes = request["blocks"]
    edges = np.cumsum([0, *(rows for _, rows in sizes)])
    places = np.searchsorted(wanted, edges)
    parts = [wanted[low:high] - start for low, high, start in zip(places[:-1], places[1:], edges[:-1], strict=True)]
    writer = None
    blocks = opened.again([size for size, _ in sizes], [len(part) > 0 for part in parts])
    for block, part in zip(blocks, parts, strict=True):
        if block is None:
            continue
        columns = [opened.restored(column.take(pa.array(part))) for column in block.columns]
        table = pa.table([pa.array(block.lines[part]), *map(without_empty, columns)], names=["line", *opened.names])
        writer = writer or pa.ipc.new_stream(stream, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    serve(parse)

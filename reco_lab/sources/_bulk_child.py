"""The process that codes a large file: `python -m reco_lab.sources._bulk_child`, spoken to by `_bulk`.

It writes the numbers of each block where they fall, then the texts they stand for, then an account of where all
that is.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused
from reco_lab.jobs.confined import serve
from reco_lab.sources._blocks import IrregularError, LateQuotesError
from reco_lab.sources._coding import Coder, Numbers, Output, Part, TextCodes
from reco_lab.sources._streams import Stream, open_stream
from reco_lab.sources._tables import without_empty

MOST_ROWS = (1 << 31) - 2


def parse(request: dict[str, Any], stream: IO[bytes]) -> None:
    """Code the file, or write the rows that are asked for again."""
    path, output = Path(request["path"]), Output(stream)
    settings = {name: request[name] for name in ("header", "options", "size")}
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


def _coded(opened: Stream, columns: Mapping[str, str], output: Output) -> dict[str, Any]:
    coders: dict[str, Coder] = {
        name: TextCodes() if way == "id" else Numbers(whole=way == "time") for name, way in columns.items()
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
    parts = [
        wanted[low:high] - start for low, high, start in zip(places[:-1], places[1:], edges[:-1], strict=True)
    ]
    writer = None
    blocks = opened.again([size for size, _ in sizes], [len(part) > 0 for part in parts])
    for block, part in zip(blocks, parts, strict=True):
        if block is None:
            continue
        columns = [opened.restored(column.take(pa.array(part))) for column in block.columns]
        table = pa.table(
            [pa.array(block.lines[part]), *map(without_empty, columns)], names=["line", *opened.names]
        )
        writer = writer or pa.ipc.new_stream(stream, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    serve(parse)

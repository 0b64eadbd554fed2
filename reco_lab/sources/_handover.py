"""A table on its way from the process that parsed it: two Arrow streams, never a pickle."""

import json
from typing import IO, Any

import pandas as pd
import pyarrow as pa

from reco_lab.core.source import Refused, Table
from reco_lab.sources._tables import text_frame

_REFUSED = pa.schema([("line", pa.int64()), ("text", pa.large_string()), ("reason", pa.large_string())])


def write(table: Table, stream: IO[bytes]) -> None:
    """Write the refused rows with the account of rows and the dialect, then the columns."""
    told = json.dumps({"rows_in_file": table.rows_in_file, "dialect": table.dialect})
    refused = pa.table(
        [[getattr(one, name) for one in table.refused] for name in _REFUSED.names],
        schema=_REFUSED.with_metadata({"table": told}),
    )
    frame = table.frame
    columns = [pa.array(frame.index.to_numpy()), *(_arrow(frame.iloc[:, at]) for at in range(frame.shape[1]))]
    for part in (refused, pa.table(columns, names=["line", *map(str, frame.columns)])):
        with pa.ipc.new_stream(stream, part.schema) as writer:
            writer.write_table(part)


def read(buffer: Any) -> Table:
    """The table that was written; its columns lie in `buffer` and are not copied."""
    reader = pa.BufferReader(pa.py_buffer(buffer))
    refused = pa.ipc.open_stream(reader).read_all()
    columns = pa.ipc.open_stream(reader).read_all()
    told = json.loads(refused.schema.metadata[b"table"])
    frame = text_frame(columns.columns[1:], columns.column_names[1:], columns.column(0).to_numpy())
    return Table(
        frame, told["rows_in_file"], tuple(Refused(**row) for row in refused.to_pylist()), told["dialect"]
    )


def _arrow(column: pd.Series) -> Any:
    return pa.chunked_array(pa.array(column, pa.large_string()))

"""Parquet files, with every column turned to text that says exactly what was stored."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from reco_lab.core.errors import DataError
from reco_lab.core.source import Source, Table
from reco_lab.sources._files import MOST_BYTES, PARQUET, contents
from reco_lab.sources._tables import as_text, check_width, text_frame, unique_names


class Parquet(Source):
    """Columns of a Parquet file as text: 5 is "5" and 5.0 is "5.0"; the index counts the rows from 1."""

    label: ClassVar[str] = "Parquet"

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the content decides
        """Whether it begins with Parquet's mark."""
        return head.startswith(PARQUET)

    def read(
        self,
        path: Path,
        *,
        header: bool | None = None,  # noqa: ARG002 - a Parquet file always names its columns
        rows: int | None = None,
        **options: Any,  # noqa: ARG002 - options are those of text files
    ) -> Table:
        """Read the file. Raises DataError if it is damaged, nested, or larger in memory than 4 GB."""
        try:
            table = self._table(path, rows)
            columns = [as_text(column, name) for name, column in zip(table.column_names, table.columns)]  # noqa: B905 - Arrow's own pairs
        except pa.ArrowMemoryError as error:
            raise _too_large(path.name) from error
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"It is damaged ({error}).", where=path.name, fix="Export it again.") from error
        if not table.num_rows:
            raise DataError("It has columns but no rows.", where=path.name, fix="Export it with its rows.")
        frame = text_frame(columns, unique_names(table.column_names), np.arange(1, table.num_rows + 1))
        return Table(frame, len(frame), dialect={"format": "Parquet", "header": True})

    def _table(self, path: Path, rows: int | None) -> Any:
        file = parquet.ParquetFile(pa.BufferReader(contents(path)))
        meta = file.metadata
        check_width(meta.num_columns, path.name)
        stored = sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups))
        wanted = meta.num_rows if rows is None else min(rows, meta.num_rows)
        if max(stored, 8 * wanted * meta.num_columns) > MOST_BYTES:
            raise _too_large(path.name)
        if rows is not None:
            batches = file.iter_batches(batch_size=rows)
            return pa.Table.from_batches([one for one in [next(batches, None)] if one], file.schema_arrow)
        parts, size = [], 0
        for part in file.iter_batches():
            parts.append(part)
            size += part.nbytes
            if size > MOST_BYTES:
                raise _too_large(path.name)
        return pa.Table.from_batches(parts, file.schema_arrow)


def _too_large(name: str) -> DataError:
    return DataError("It needs more than 4 GB of memory.", where=name, fix="Split it into smaller files.")

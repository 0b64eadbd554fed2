"""Questions in SQL over arrays in memory: DuckDB with every door to the machine shut."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

BATCH = 1_000_000
# no file, no network, no extension, no Python variable by its name, and none of it can be switched on again
LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "lock_configuration": "true",
}


@dataclass(frozen=True, eq=False)
class Tables:
    """Named tables that SQL may ask; nothing else can be reached from it."""

    connection: duckdb.DuckDBPyConnection

    @classmethod
    def of(cls, tables: Mapping[str, Mapping[str, np.ndarray]]) -> "Tables":
        """Open over columns of numbers, which are read where they lie and not copied."""
        connection = duckdb.connect(":memory:", config=LOCKED)
        for name, columns in tables.items():
            batches = pa.table(dict(columns)).to_batches(max_chunksize=BATCH)
            connection.register(name, pa.Table.from_batches(batches) if batches else pa.table(dict(columns)))
        return cls(connection)

    def ask(self, sql: str, *values: Any) -> pd.DataFrame:
        """The answer to a question; `values` stand for its question marks."""
        return self.connection.execute(sql, list(values)).df()

"""The tables of a database server as they are, whatever their schema, in one SQLite file."""

from pathlib import Path

import sqlalchemy as sa

from reco_lab.store.durable import replaced

_BATCH = 500


def snapshot(connection: sa.Connection, path: Path) -> None:
    """Write every table that the connection sees into a file; there whole or not at all."""
    found = sa.MetaData()
    found.reflect(connection)
    for table in found.tables.values():
        table.indexes.clear()  # some hold for a part of the rows only, which a copy cannot say
        for column in table.columns:
            column.type, column.server_default = column.type.as_generic(), None
    with replaced(path) as draft:
        target = sa.create_engine(sa.URL.create("sqlite", database=str(draft)))
        with target.begin() as writing:
            found.create_all(writing)
            for table in found.sorted_tables:
                for rows in connection.execute(sa.select(table)).mappings().partitions(_BATCH):
                    writing.execute(table.insert(), [dict(row) for row in rows])
        target.dispose()

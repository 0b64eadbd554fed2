"""All records of one database into another, whatever the two are."""

from collections.abc import Collection

import sqlalchemy as sa

from reco_lab.store.database import Database
from reco_lab.store.schema import metadata

_BATCH = 500


def copy_rows(source: Database, target: Database, but: Collection[str] = ()) -> dict[str, int]:
    """Replace every record of `target` by those of `source`, in one transaction; the number of rows by table.

    The tables named by `but` stay as they are. Both have the newest schema. Whoever reads meanwhile sees all
    of the old or all of the new.
    """
    counts: dict[str, int] = {}
    with source.read() as reading, target.write() as writing:
        for table in (table for table in metadata.sorted_tables if table.name not in but):
            writing.execute(table.delete())
            counts[table.name] = 0
            for rows in reading.execute(sa.select(table)).mappings().partitions(_BATCH):
                writing.execute(table.insert(), [dict(row) for row in rows])
                counts[table.name] += len(rows)
            if target.on_server and "number" in table.c:
                _count_on(writing, table)
    return counts


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """Let the server number new rows after those that came with their numbers."""
    newest = sa.select(sa.func.coalesce(sa.func.max(table.c.number), 0) + 1).scalar_subquery()
    sequence = sa.func.pg_get_serial_sequence(table.name, "number")
    connection.execute(sa.select(sa.func.setval(sequence, newest, False)))

"""Erasing a customer from the log."""

import sqlalchemy as sa

from reco_lab.store.events import schema


def erase(engine: sa.Engine, customer: str) -> int:
    """Delete all rows about a customer, and their bytes from the file; how many rows that were.

    On a server, the bytes are gone when the server has reused their place, which is its operator's care.
    """
    of, placed = schema.decisions, schema.placed
    requests = sa.select(of.c.request_id).where(of.c.customer == customer)
    decided = sa.select(placed.c.decision_id).where(placed.c.request_id.in_(requests))
    apart = schema.refused.c
    told = (schema.described.c.side == "users", schema.described.c.id == customer)
    deletes = (
        schema.feedback.delete().where(schema.feedback.c.decision_id.in_(decided)),
        schema.refused.delete().where(
            sa.or_(
                apart.subject == customer,
                apart.subject.in_(decided),
                apart.payload.contains(customer, autoescape=True),
            )
        ),
        placed.delete().where(placed.c.request_id.in_(requests)),
        of.delete().where(of.c.customer == customer),
        schema.visits.delete().where(schema.visits.c.customer == customer),
        schema.described.delete().where(*told),
        schema.caps.delete().where(schema.caps.c.customer == customer),
    )
    with engine.begin() as connection:
        rows = sum(connection.execute(delete).rowcount for delete in deletes)
    _clean(engine)
    return rows


def _clean(engine: sa.Engine) -> None:
    """Write the file anew without what was deleted: deleted bytes may lie in pages that were moved long ago."""
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            tables = ", ".join(table.name for table in schema.metadata.sorted_tables)
            connection.exec_driver_sql(f"VACUUM {tables}")

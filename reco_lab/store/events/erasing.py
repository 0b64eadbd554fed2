"""Erasing a customer from the log."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import moment
from reco_lab.store.events import schema

_SETTLING = 0x5EC0_1AE


def erase(engine: sa.Engine, customer: str, ids: Sequence[str] = ()) -> int:
    """Delete all rows about a customer, and their bytes from the file; how many rows that were.

    `ids` are other names of hers in texts that were refused. What her decisions were billed stays, by ad and day.
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
                *(apart.payload.contains(one, autoescape=True) for one in _quoted(ids)),
            )
        ),
        placed.delete().where(placed.c.request_id.in_(requests)),
        schema.weighed.delete().where(schema.weighed.c.request_id.in_(requests)),
        of.delete().where(of.c.customer == customer),
        schema.visits.delete().where(schema.visits.c.customer == customer),
        schema.described.delete().where(*told),
        schema.caps.delete().where(schema.caps.c.customer == customer),
    )
    with engine.begin() as connection:
        settle(connection, requests)
        rows = sum(connection.execute(delete).rowcount for delete in deletes)
        connection.execute(schema.told.delete().where(schema.told.c.id == customer))
    _clean(engine)
    return rows


def _quoted(ids: Sequence[str]) -> set[str]:
    """Ids as JSON has them, with letters beyond ASCII as they are or escaped."""
    return {json.dumps(one, ensure_ascii=escaped) for one in ids for escaped in (True, False)}


def settle(connection: sa.Connection, requests: sa.Select[Any]) -> None:
    """Keep what decisions that go were billed, by ad and day: money does not come back with a row.

    Several workers remove the same rows at once; they do so one after the other, or each would keep the same money.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SETTLING})")
    of, settled = schema.placed.c, schema.settled
    query = sa.select(of.ad_id, of.at, of.cost, of.clicked, of.click_cost).where(of.request_id.in_(requests))
    amounts: dict[tuple[str, str], float] = {}
    for row in connection.execute(query):
        bills = [(row.at, row.cost), *([] if row.clicked is None else [(row.clicked, row.click_cost)])]
        for at, cost in bills:
            key = row.ad_id, moment(at).date().isoformat()
            amounts[key] = amounts.get(key, 0.0) + cost
    for (ad, day), amount in amounts.items():
        if amount:
            connection.execute(settled.insert().values(ad_id=ad, day=day, amount=amount))


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

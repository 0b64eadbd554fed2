"""Removing from the log what is older than it is to be kept."""

import sqlalchemy as sa

from reco_lab.store.events import schema
from reco_lab.store.events.erasing import settle

AT_ONCE = 5_000


def expire(engine: sa.Engine, before: int) -> int:
    """Delete some of what came before a moment (microseconds): at most AT_ONCE decisions and as much of the rest.

    How many rows that were; call again until it is none, so that events never wait for long. What decisions were
    billed stays, by ad and day.
    """
    of, placed, feedback = schema.decisions.c, schema.placed, schema.feedback
    requests = sa.select(of.request_id).where(of.at < before).order_by(of.at).limit(AT_ONCE)
    decided = sa.select(placed.c.decision_id).where(placed.c.request_id.in_(requests))
    with engine.begin() as connection:
        settle(connection, requests)
        deletes = (
            feedback.delete().where(feedback.c.decision_id.in_(decided)),
            placed.delete().where(placed.c.request_id.in_(requests)),
            schema.weighed.delete().where(schema.weighed.c.request_id.in_(requests)),
            schema.decisions.delete().where(of.request_id.in_(requests)),
            _oldest(schema.visits, schema.visits.c.received, before),
            _oldest(schema.refused, schema.refused.c.at, before),
        )
        rows = sum(connection.execute(delete).rowcount for delete in deletes)
        if 0 < rows < AT_ONCE:  # the last of them: nobody refers any more to some of the sets
            connection.execute(
                schema.sets.delete().where(schema.sets.c.candidates.not_in(sa.select(of.candidates)))
            )
        return rows


def _oldest(table: sa.Table, moment: sa.ColumnElement[int], before: int) -> sa.Delete:
    number = table.c.number
    return table.delete().where(
        number.in_(sa.select(number).where(moment < before).order_by(number).limit(AT_ONCE))
    )

"""Events that were kept apart, tried once more: what was wrong then may be right now."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import sqlalchemy as sa

from reco_lab.core.events import Feedback, Visit
from reco_lab.store.events import schema
from reco_lab.store.events.applying import apply
from reco_lab.store.events.journal import read_entry
from reco_lab.store.events.records import LONGEST_PAYLOAD, Parcel, Tracked

KINDS: dict[str, type[Feedback] | type[Visit]] = {"feedback": Feedback, "visit": Visit}
MOST_AT_ONCE = 10_000


def replay(engine: sa.Engine) -> Tracked:
    """Apply the events kept apart again, oldest first, in one transaction; what is refused again stays apart.

    Texts that never were events, and events too long to be kept whole, are left as they are. Of several workers each
    waits with the rows that another has taken.
    """
    table = schema.refused
    query = sa.select(table).where(
        table.c.shape.in_(tuple(KINDS)), sa.func.length(table.c.payload) < LONGEST_PAYLOAD
    )
    with engine.begin() as connection:
        mine = query.order_by(table.c.number).limit(MOST_AT_ONCE).with_for_update()
        rows = connection.execute(mine).all()
        numbers = [row.number for row in rows]
        found = (read_entry(KINDS[row.shape].__name__, json.loads(row.payload)) for row in rows)
        events = [event for event in found if isinstance(event, Feedback | Visit)]
        if numbers:
            connection.execute(table.delete().where(table.c.number.in_(numbers)))
        parcels = [Parcel((event,), Future()) for event in events]
        answers = apply(connection, [], parcels)
    return _together(answers)


def _together(answers: list[Tracked]) -> Tracked:
    def added(of: Callable[[Tracked], int]) -> int:
        return sum(map(of, answers))

    refused: list[Any] = [(place, one.refused[0][1]) for place, one in enumerate(answers) if one.refused]
    clicks = tuple(click for one in answers for click in one.first_clicks)
    new = tuple(place for place, one in enumerate(answers) if one.new)
    return Tracked(
        added(lambda one: one.accepted), added(lambda one: one.duplicates), tuple(refused), new, clicks
    )

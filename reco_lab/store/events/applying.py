"""What a batch does to the tables: every event counted once, in whatever order, and the bad ones kept apart."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from reco_lab.core.events import Decision, Feedback, FeedbackKind, Visit
from reco_lab.store.events import schema
from reco_lab.store.events.records import (
    AHEAD,
    LONGEST_PAYLOAD,
    Description,
    Parcel,
    Refusal,
    Tracked,
    fault,
    microseconds,
)
from reco_lab.store.events.rows import Row, add, among, decision_row, feedback_row, placed_row, visit_row
from reco_lab.store.schema import keepable

NEW, REPEATED = "", "repeated"
ANOTHER = "Another event with this event_id came before, with different content."
UNKNOWN = "No decision has this decision_id."
BEFORE = "Its time is more than 5 minutes before its decision."
_IN_ORDER = 0x5EC0_1AD
_AHEAD = AHEAD.total_seconds() * 1e6
Event = Feedback | Visit


def apply(connection: sa.Connection, decisions: Sequence[Decision], parcels: Sequence[Parcel]) -> list[Any]:
    """Put decisions and events into the tables; one answer a parcel: Tracked for events, None for the rest."""
    _decide(connection, decisions)
    events = [event for parcel in parcels for event in parcel.events]
    feedback = [event for event in events if isinstance(event, Feedback)]
    visits = [event for event in events if isinstance(event, Visit)]
    judged, clicked = _track(connection, feedback)
    verdicts = iter(judged)
    visited = iter(_visit(connection, visits))
    outcomes = [
        next(verdicts) if isinstance(event, Feedback) else next(visited) if isinstance(event, Visit) else NEW
        for event in events
    ]
    _describe(connection, [event for event in events if isinstance(event, Description)])
    _set_apart(connection, [event for event in events if isinstance(event, Refusal)])
    _set_apart(connection, list(_refusals(events, outcomes)))
    if repeats := outcomes.count(REPEATED):
        add(connection, schema.repeats, [(repeats,)])
    answers, begin = [], 0
    for parcel in parcels:
        clicks = [
            clicked.pop(event.decision_id)
            for event in parcel.events
            if isinstance(event, Feedback)
            and event.kind is FeedbackKind.click
            and event.decision_id in clicked
        ]
        answers.append(tracked(outcomes[begin : begin + len(parcel.events)], clicks))
        begin += len(parcel.events)
    return answers


def tracked(outcomes: Sequence[str], first_clicks: Sequence[tuple[str, float]] = ()) -> Tracked:
    """Count what became of the events of one call."""
    new = tuple(place for place, outcome in enumerate(outcomes) if outcome == NEW)
    repeated = outcomes.count(REPEATED)
    if len(new) + repeated == len(outcomes):
        return Tracked(len(new), repeated, (), new, tuple(first_clicks))
    reasons = ((place, why) for place, why in enumerate(outcomes) if why not in {NEW, REPEATED})
    return Tracked(len(new), repeated, tuple(reasons), new, tuple(first_clicks))


def refusal(event: Event, reason: str) -> Refusal:
    """An event as it is kept apart."""
    subject = event.decision_id if isinstance(event, Feedback) else event.customer
    payload = json.dumps(asdict(event), default=_text)
    return Refusal(event.received, type(event).__name__.lower(), subject, payload, reason)


def _decide(connection: sa.Connection, decisions: Sequence[Decision]) -> None:
    add(connection, schema.decisions, sorted(map(decision_row, decisions)))
    placed = (
        placed_row(one, decision.request_id, microseconds(decision.at))
        for decision in decisions
        for one in decision.placed
    )
    add(connection, schema.placed, sorted(placed, key=_id))


def _track(
    connection: sa.Connection, events: Sequence[Feedback]
) -> tuple[list[str], dict[str, tuple[str, float]]]:
    """The outcome of each event, and by decision the ad and the bill of each first click."""
    if not events:
        return [], {}
    known = _known(connection, {event.decision_id for event in events if not fault(event)})

    def why_not(event: Feedback) -> str:
        found = known.get(event.decision_id)
        if found is None:
            return UNKNOWN
        return BEFORE if found[1] - microseconds(event.at) > _AHEAD else ""

    outcomes, added = _take(connection, schema.feedback, events, why_not)
    for kind, column, place in (
        (FeedbackKind.impression, schema.placed.c.seen, 2),
        (FeedbackKind.click, schema.placed.c.clicked, 3),
    ):
        _earliest(connection, column, [one for one in added if one.kind is kind], known, place)
    clicks = {one.decision_id for one in added if one.kind is FeedbackKind.click}
    return outcomes, {id_: (known[id_][4], known[id_][5]) for id_ in clicks if known[id_][3] is None}


def _visit(connection: sa.Connection, events: Sequence[Visit]) -> list[str]:
    if not events:
        return []
    if connection.dialect.name != "sqlite":
        # their running numbers must become visible in their order, or who reads on from a number misses some
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_IN_ORDER})")
    return _take(connection, schema.visits, events, lambda _: "")[0]


def _take(
    connection: sa.Connection, table: sa.Table, events: Sequence[Any], why_not: Any
) -> tuple[list[str], list[Any]]:
    """The outcome of each event, and the events that were new."""
    row = feedback_row if table is schema.feedback else visit_row
    there = _there(connection, table, [event.event_id for event in events])
    outcomes, fresh = [], {}
    for event in events:
        before = there.get(event.event_id)
        if before is not None:
            outcomes.append(REPEATED if before == _content(event) else ANOTHER)
            continue
        reason = fault(event) or why_not(event)
        outcomes.append(reason)
        if not reason:
            fresh[event.event_id] = event
            there[event.event_id] = _content(event)
    rows: list[Row] = [row(event) for event in fresh.values()]
    added = add(connection, table, sorted(rows, key=_id) if connection.dialect.name != "sqlite" else rows)
    if added is None or len(added) == len(fresh):
        return outcomes, list(fresh.values())
    # another writer was quicker with some of them
    again = _there(connection, table, fresh.keys() - added)
    for place, event in enumerate(events):
        if outcomes[place] == NEW and event.event_id in again:
            outcomes[place] = REPEATED if again[event.event_id] == _content(event) else ANOTHER
    return outcomes, [fresh[id_] for id_ in added]


def _there(connection: sa.Connection, table: sa.Table, ids: Iterable[str]) -> dict[str, Row]:
    columns = _CONTENT[table.name]
    query = sa.select(table.c.event_id, *(table.c[name] for name in columns))
    found = connection.execute(query.where(among(connection, table.c.event_id, map(keepable, ids))))
    return {row[0]: tuple(row[1:]) for row in found}


def _known(connection: sa.Connection, ids: Iterable[str]) -> Mapping[str, Row]:
    """For decisions: id, when it was made, the earliest impression and click known, the ad and the bill of a click."""
    of = schema.placed.c
    columns = (of.decision_id, of.at, of.seen, of.clicked, of.ad_id, of.click_cost)
    query = sa.select(*columns).where(among(connection, of.decision_id, ids))
    return {row[0]: tuple(row) for row in connection.execute(query)}


def _earliest(
    connection: sa.Connection,
    column: sa.Column[Any],
    events: Sequence[Feedback],
    known: Mapping[str, Row],
    place: int,
) -> None:
    """Note the earliest of what happened to decisions."""
    first: dict[str, int] = {}
    for event in events:
        at = microseconds(event.at)
        before = known[event.decision_id][place]
        at = min(at, first.get(event.decision_id, at))
        if before is None or at < before:
            first[event.decision_id] = at
    if first:
        of = schema.placed.c
        later = sa.or_(column.is_(None), column > sa.bindparam("moment"))
        query = schema.placed.update().where(of.decision_id == sa.bindparam("decision"), later)
        values = [{"decision": id_, "moment": at} for id_, at in sorted(first.items())]
        connection.execute(query.values({column: sa.bindparam("moment")}), values)


def _describe(connection: sa.Connection, told: Sequence[Description]) -> None:
    table = schema.described
    for one in told:
        values = {"attributes": json.dumps(dict(one.attributes)), "at": microseconds(one.at)}
        same = (table.c.side == one.side, table.c.id == one.id)
        add(connection, table, [(one.side, one.id, values["attributes"], values["at"])])
        connection.execute(table.update().where(*same, table.c.at <= values["at"]).values(values))


def _set_apart(connection: sa.Connection, refusals: Sequence[Refusal]) -> None:
    add(
        connection,
        schema.refused,
        [
            (
                microseconds(one.at),
                one.shape,
                keepable(one.subject),
                keepable(one.payload)[:LONGEST_PAYLOAD],
                one.reason,
            )
            for one in refusals
        ],
    )


def _refusals(events: Sequence[Any], outcomes: Sequence[str]) -> Iterable[Refusal]:
    return (
        refusal(event, reason)
        for event, reason in zip(events, outcomes, strict=True)
        if reason not in {NEW, REPEATED}
    )


def _content(event: Any) -> Row:
    if isinstance(event, Feedback):
        return event.content
    return event.customer, event.item_id, event.kind, event.value


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _id(row: Row) -> str:
    return str(row[0])


_CONTENT = {
    schema.feedback.name: ("decision_id", "kind", "value"),
    schema.visits.name: ("customer", "item_id", "kind", "value"),
}

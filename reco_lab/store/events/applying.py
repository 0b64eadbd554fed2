"""What a batch does to the tables: every event counted once, in whatever order, and the bad ones kept apart."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import microseconds, moment
from reco_lab.core.events import Decision, Feedback, FeedbackKind, Unbilled, Visit
from reco_lab.store.events import schema
from reco_lab.store.events.accounts import bill, count
from reco_lab.store.events.records import (
    AHEAD,
    LONGEST_PAYLOAD,
    Description,
    Parcel,
    Refusal,
    Tracked,
    malformed,
    untimely,
)
from reco_lab.store.events.rows import (
    Row,
    add,
    among,
    decision_row,
    feedback_row,
    listed,
    placed_row,
    set_row,
    visit_row,
    weighed_row,
)
from reco_lab.store.schema import keepable, unkept

NEW, REPEATED = "", "repeated"
ANOTHER = "Another event with this event_id came before, with different content."
UNKNOWN = "No decision has this decision_id."
BEFORE = "Its time is more than 5 minutes before its decision."
_IN_ORDER = 0x5EC0_1AD
Event = Feedback | Visit
Click = tuple[str, float]
Applied = tuple[list[str], dict[str, Click]]


def apply(
    connection: sa.Connection, decisions: Sequence[Decision], parcels: Sequence[Parcel]
) -> list[Tracked]:
    """Put decisions and what came in parcels (each of one kind) into the tables; what became of each parcel."""
    _decide(connection, decisions)
    by_kind: dict[type, list[int]] = {}
    for place, parcel in enumerate(parcels):
        if parcel.events:
            by_kind.setdefault(type(parcel.events[0]), []).append(place)
    answers = [Tracked(0)] * len(parcels)
    for kind in filter(by_kind.__contains__, _APPLIED):  # locks in one order: no writer waits in a circle
        places = by_kind[kind]
        events = [event for place in places for event in parcels[place].events]
        outcomes, clicks = _APPLIED[kind](connection, events)
        _account(connection, events, outcomes)
        begin = 0
        for place in places:
            mine = parcels[place].events
            end = begin + len(mine)
            first = [clicks.pop(id_) for id_ in _clicked(mine) if id_ in clicks] if clicks else []
            answers[place] = tracked(outcomes[begin:end], first)
            begin = end
    return answers


def tracked(outcomes: Sequence[str], first_clicks: Sequence[Click] = ()) -> Tracked:
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
    added = add(connection, schema.placed, sorted(placed, key=_id))
    sets = {row[0]: row for row in map(set_row, decisions) if row}
    add(connection, schema.sets, sorted(sets.values()))
    add(connection, schema.weighed, sorted(filter(None, map(weighed_row, decisions))))
    if added:  # there are other writers, and so books that they share
        bills, shown = _unbilled(decisions, added)
        count(connection, shown)
        bill(connection, bills)


def _unbilled(
    decisions: Sequence[Decision], added: set[str]
) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str, str], int]]:
    """What shared books do not know yet of decisions that were added.

    By ad and day the bills, and by day, customer and ad how often she got it.
    """
    bills: dict[tuple[str, str], float] = {}
    shown: dict[tuple[str, str, str], int] = {}
    for decision in decisions:
        day = decision.at.date().isoformat()
        for one in decision.placed if isinstance(decision, Unbilled) else ():
            if one.decision_id not in added:
                continue
            bills[one.ad_id, day] = bills.get((one.ad_id, day), 0.0) + one.cost
            if decision.customer:
                of = (day, decision.customer, one.ad_id)
                shown[of] = shown.get(of, 0) + 1
    return bills, shown


def _track(connection: sa.Connection, events: Sequence[Feedback]) -> Applied:
    known = _known(connection, {event.decision_id for event in events if not unkept(event.decision_id)})

    def why_not(row: Row) -> str:
        made = known.get(row[1])
        if made is None:
            return UNKNOWN
        return BEFORE if made[1] - row[4] > AHEAD else ""

    outcomes, added = _take(connection, schema.feedback, events, why_not)
    if connection.dialect.name != "sqlite":
        _bill(connection, [(row[1], row[4]) for row in added if row[2] == FeedbackKind.click], known)
    for kind, column, place in (
        (FeedbackKind.impression, schema.placed.c.seen, 2),
        (FeedbackKind.click, schema.placed.c.clicked, 3),
    ):
        _earliest(connection, column, [(row[1], row[4]) for row in added if row[2] == kind], known, place)
    clicks = {str(row[1]) for row in added if row[2] == FeedbackKind.click}
    return outcomes, {id_: (known[id_][4], known[id_][5]) for id_ in clicks if known[id_][3] is None}


def _visit(connection: sa.Connection, events: Sequence[Visit]) -> Applied:
    _in_order(connection)
    return _take(connection, schema.visits, events, lambda _: "")[0], {}


def _in_order(connection: sa.Connection) -> None:
    """Let running numbers become visible in their order: who reads on from a number would miss some otherwise."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_IN_ORDER})")


def _take(
    connection: sa.Connection, table: sa.Table, events: Sequence[Any], why_not: Callable[[Row], str]
) -> tuple[list[str], list[Row]]:
    """The outcome of each event, and the rows of those that were new."""
    form = _FORMS[table.name]
    content = form.content
    outcomes = [malformed(event) for event in events]
    rows = [() if bad else form.row(event) for event, bad in zip(events, outcomes, strict=True)]
    there = _there(connection, table, [row[0] for row in rows if row])
    fresh: dict[str, Row] = {}
    for place, row in enumerate(rows):
        if not row:
            continue
        before = there.get(row[0])
        if before is not None:
            outcomes[place] = REPEATED if before == content(row) else ANOTHER
            continue
        reason = untimely(row[form.at], row[form.received]) or why_not(row)
        outcomes[place] = reason
        if not reason:
            fresh[row[0]] = row
            there[row[0]] = content(row)
    added = add(connection, table, _for_all(connection, fresh.values()))
    if added is None or len(added) == len(fresh):
        return outcomes, list(fresh.values())
    again = _there(connection, table, fresh.keys() - added)  # another writer was quicker with these
    for place, row in enumerate(rows):
        if row and outcomes[place] == NEW and row[0] in again:
            outcomes[place] = REPEATED if again[row[0]] == content(row) else ANOTHER
    return outcomes, [fresh[id_] for id_ in added]


def _for_all(connection: sa.Connection, rows: Iterable[Row]) -> list[Row]:
    """Rows in the order in which every writer takes them, where there are several: so none waits in a circle."""
    return list(rows) if connection.dialect.name == "sqlite" else sorted(rows, key=_id)


def _there(connection: sa.Connection, table: sa.Table, ids: Iterable[str]) -> dict[str, Row]:
    dialect = connection.dialect.name
    found = connection.execute(_contents(dialect, table), listed(dialect, ids))
    return {row[0]: tuple(row[1:]) for row in found.all()}


def _known(connection: sa.Connection, ids: Iterable[str]) -> Mapping[str, Row]:
    """For decisions: id, when it was made, the earliest impression and click known, the ad, a click's cost.

    Where there are other writers, they wait with the same decisions until this transaction ends.
    """
    dialect = connection.dialect.name
    return {row[0]: tuple(row) for row in connection.execute(_made(dialect), listed(dialect, ids)).all()}


# statements are composed once: for few events that costs more than what the database does


@cache
def _contents(dialect: str, table: sa.Table) -> sa.Select[Any]:
    columns = (table.c[name] for name in ("event_id", *_FORMS[table.name].names))
    return sa.select(*columns).where(among(dialect, table.c.event_id))


@cache
def _made(dialect: str) -> sa.Select[Any]:
    of = schema.placed.c
    query = sa.select(of.decision_id, of.at, of.seen, of.clicked, of.ad_id, of.click_cost)
    mine = query.where(among(dialect, of.decision_id))
    return mine if dialect == "sqlite" else mine.order_by(of.decision_id).with_for_update()


def _earliest(
    connection: sa.Connection,
    column: sa.Column[Any],
    happened: Iterable[tuple[str, int]],
    known: Mapping[str, Row],
    place: int,
) -> None:
    """Note the earliest of what happened to decisions."""
    first: dict[str, int] = {}
    for id_, at in happened:
        before = first.get(id_, known[id_][place])
        if before is None or at < before:
            first[id_] = at
    if first:
        values = [{"decision": id_, "moment": at} for id_, at in sorted(first.items())]
        connection.execute(_earlier(column.name), values)


def _bill(connection: sa.Connection, clicks: Sequence[tuple[str, int]], known: Mapping[str, Row]) -> None:
    """Bill first clicks in the books that workers share."""
    bills: dict[tuple[str, str], float] = {}
    for id_, at in {id_: at for id_, at in sorted(clicks, reverse=True) if known[id_][3] is None}.items():
        ad, cost = known[id_][4:]
        key = (ad, moment(at).date().isoformat())
        bills[key] = bills.get(key, 0.0) + cost
    bill(connection, bills)


@cache
def _earlier(name: str) -> sa.Update:
    column = schema.placed.c[name]
    query = schema.placed.update().where(
        schema.placed.c.decision_id == sa.bindparam("decision"),
        sa.or_(column.is_(None), column > sa.bindparam("moment")),
    )
    return query.values({name: sa.bindparam("moment")})


def _describe(connection: sa.Connection, told: Sequence[Description]) -> Applied:
    table = schema.described
    _in_order(connection)
    for one in told:
        values = {"attributes": json.dumps(dict(one.attributes)), "at": microseconds(one.at)}
        same = (table.c.side == one.side, table.c.id == one.id)
        add(connection, table, [(one.side, one.id, values["attributes"], values["at"])])
        connection.execute(table.update().where(*same, table.c.at <= values["at"]).values(values))
    if connection.dialect.name != "sqlite":
        names = sorted({one.id for one in told if one.side == "users"})
        connection.execute(schema.told.delete().where(schema.told.c.id.in_(names)))
        add(connection, schema.told, [(name,) for name in names])
    return [NEW] * len(told), {}


def _set_apart(connection: sa.Connection, refusals: Sequence[Refusal]) -> Applied:
    rows = [
        (
            microseconds(one.at),
            one.shape,
            keepable(one.subject),
            keepable(one.payload)[:LONGEST_PAYLOAD],
            one.reason,
        )
        for one in refusals
    ]
    add(connection, schema.refused, rows)
    return [NEW] * len(rows), {}


def _account(connection: sa.Connection, events: Sequence[Any], outcomes: Sequence[str]) -> None:
    """Keep apart what was refused, and count what was repeated."""
    repeated = outcomes.count(REPEATED)
    if repeated:
        add(connection, schema.repeats, [(repeated,)])
    if repeated + outcomes.count(NEW) < len(outcomes):
        judged = zip(events, outcomes, strict=True)
        _set_apart(connection, [refusal(one, why) for one, why in judged if why not in {NEW, REPEATED}])


def _clicked(events: Sequence[Any]) -> Iterable[str]:
    """The decisions that some of these events are clicks of, each once."""
    clicks = (one for one in events if isinstance(one, Feedback) and one.kind is FeedbackKind.click)
    return dict.fromkeys(one.decision_id for one in clicks)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _id(row: Row) -> str:
    return str(row[0])


_APPLIED: dict[type, Callable[[sa.Connection, Sequence[Any]], Applied]] = {
    Feedback: _track,
    Visit: _visit,
    Description: _describe,
    Refusal: _set_apart,
}


@dataclass(frozen=True)
class _Form:
    """How a kind of event becomes a row: where in it is the content (also by name) and where are the two times."""

    row: Callable[[Any], Row]
    content: Callable[[Row], Row]
    names: tuple[str, ...]
    at: int
    received: int


_FORMS = {
    schema.feedback.name: _Form(feedback_row, itemgetter(1, 2, 5), ("decision_id", "kind", "value"), 4, 3),
    schema.visits.name: _Form(
        visit_row, itemgetter(1, 2, 3, 6), ("customer", "item_id", "kind", "value"), 4, 5
    ),
}

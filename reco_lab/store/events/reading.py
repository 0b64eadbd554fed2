"""Questions to the log."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock, microseconds, moment
from reco_lab.core.events import Decision, Feedback, FeedbackKind, Visit
from reco_lab.store.events import learning, schema
from reco_lab.store.events.connecting import FILE, answering, reading
from reco_lab.store.events.judging import Served, served
from reco_lab.store.events.learning import Happened, Weighing
from reco_lab.store.events.records import Counts, Minute, RefusedEvent, Side
from reco_lab.store.events.rows import among, as_decision, as_feedback, as_visit, listed

MINUTES = 60
_MINUTE = 60_000_000
_MANY = 1 << 62
_MICROSECOND = timedelta(microseconds=1)


class Reading:
    """Reads the tables of the log, while another process writes them and before there are any."""

    def __init__(self, home: Path, url: str | None, clock: Clock) -> None:
        self._home, self._url, self._clock = home, url, clock
        self._engine: sa.Engine | None = None
        self._file: int | None = None
        self._opening = Lock()

    def decisions(
        self,
        *,
        customer: str | None = None,
        ad: str | None = None,
        slot: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[Decision]:
        """Decisions, newest first; `after` is the request id of the last one of the page before."""
        of, placed = schema.decisions.c, schema.placed.c
        query = sa.select(schema.decisions).order_by(of.at.desc(), of.request_id.desc()).limit(limit)
        if customer is not None:
            query = query.where(of.customer == customer)
        if slot is not None:
            query = query.where(of.slot == slot)
        if since is not None:
            query = query.where(of.at >= microseconds(since))
        if until is not None:
            query = query.where(of.at < microseconds(until))
        if ad is not None:
            query = query.where(of.request_id.in_(sa.select(placed.request_id).where(placed.ad_id == ad)))
        with self._connection() as connection:
            if connection is None:
                return []
            if after is not None:
                last = sa.select(of.at).where(of.request_id == after).scalar_subquery()
                query = query.where(sa.tuple_(of.at, of.request_id) < sa.tuple_(last, after))
            return _whole(connection, connection.execute(query).all())

    def decision(self, id_: str) -> tuple[Decision, list[Feedback]] | None:
        """The decision with this request id, or in which this is a decision id, and all that came of it."""
        of, placed, feedback = schema.decisions.c, schema.placed.c, schema.feedback
        named = sa.select(placed.request_id).where(placed.decision_id == id_)
        query = sa.select(schema.decisions).where(sa.or_(of.request_id == id_, of.request_id.in_(named)))
        with self._connection() as connection:
            found = _whole(connection, connection.execute(query).all()) if connection is not None else []
            if connection is None or not found:
                return None
            dialect, ids = connection.dialect.name, [one.decision_id for one in found[0].placed]
            mine = sa.select(feedback).where(among(dialect, feedback.c.decision_id)).order_by(feedback.c.at)
            came = connection.execute(mine, listed(dialect, ids))
            return found[0], [as_feedback(row) for row in came]

    def feedback(
        self, after: int = 0, limit: int | None = None, customer: str | None = None
    ) -> list[tuple[int, Feedback]]:
        """Events about decisions (for a customer) in the order they arrived, each with its running number."""
        mine = () if customer is None else (schema.feedback.c.decision_id.in_(_placed_for(customer)),)
        return [(row.number, as_feedback(row)) for row in self._onwards(schema.feedback, after, limit, *mine)]

    def happened(self) -> list[tuple[str, str, str, int, float | None]]:
        """What came of decisions: customer, ad, kind, microseconds since 1970 (UTC) and value, in order of arrival."""
        of, placed, came = schema.decisions.c, schema.placed.c, schema.feedback.c
        query = (
            sa.select(of.customer, placed.ad_id, came.kind, came.at, came.value)
            .join_from(schema.feedback, schema.placed, came.decision_id == placed.decision_id)
            .join(schema.decisions, of.request_id == placed.request_id)
            .order_by(came.number)
        )
        return [tuple(row) for row in self._rows(query)]

    def visits(
        self, after: int = 0, limit: int | None = None, customer: str | None = None
    ) -> list[tuple[int, Visit]]:
        """Visits (of a customer) in the order they arrived, each with its running number."""
        mine = () if customer is None else (schema.visits.c.customer == customer,)
        return [(row.number, as_visit(row)) for row in self._onwards(schema.visits, after, limit, *mine)]

    def described(self, side: Side) -> dict[str, dict[str, str]]:
        """What was told of customers or items: attributes by id."""
        of = schema.described.c
        query = sa.select(of.id, of.attributes).where(of.side == side)
        return {row.id: json.loads(row.attributes) for row in self._rows(query)}

    def knows(self, customer: str) -> bool:
        """Whether anything is kept of a customer."""
        told, apart = schema.described.c, schema.refused.c
        places = (
            sa.select(schema.decisions.c.at).where(schema.decisions.c.customer == customer),
            sa.select(schema.visits.c.at).where(schema.visits.c.customer == customer),
            sa.select(told.at).where(told.side == "users", told.id == customer),
            sa.select(apart.at).where(apart.subject == customer),
        )
        return any(self._rows(place.limit(1)) for place in places)

    def told_of(self, after: int) -> dict[int, tuple[str, dict[str, str]]]:
        """Customers of whom workers on a server were told behind a running number: id and attributes by number."""
        of, told = schema.described.c, schema.told.c
        query = sa.select(told.number, of.id, of.attributes).join_from(
            schema.told, schema.described, sa.and_(of.id == told.id, of.side == "users")
        )
        rows = self._rows(query.where(told.number > after).order_by(told.number))
        return {int(row.number): (row.id, json.loads(row.attributes)) for row in rows}

    def served(self, since: datetime, until: datetime, most: int) -> list[Served]:
        """The newest answers of a period with what they were chosen from, at most so many, oldest first."""
        with self._connection() as connection:
            if connection is None:
                return []
            return served(connection, microseconds(since), microseconds(until), most)

    def spending(self, day: date) -> dict[str, tuple[float, float]]:
        """For each ad what it was billed on a day (UTC) and ever: for decisions, and for their first clicks."""
        of = schema.placed.c
        begin, end = _day(day)
        today = sa.case((of.at.between(begin, end - 1), of.cost), else_=0.0)
        clicked = sa.case((of.clicked.is_not(None), of.click_cost), else_=0.0)
        clicked_today = sa.case((of.clicked.between(begin, end - 1), of.click_cost), else_=0.0)
        query = sa.select(
            of.ad_id,
            sa.func.sum(today + clicked_today).label("today"),
            sa.func.sum(of.cost + clicked).label("ever"),
        ).group_by(of.ad_id)
        found = {row.ad_id: (float(row.today), float(row.ever)) for row in self._rows(query)}
        for row in self._rows(sa.select(schema.settled)):
            before, ever = found.get(row.ad_id, (0.0, 0.0))
            found[row.ad_id] = (before + row.amount * (row.day == day.isoformat()), ever + row.amount)
        return found

    def shown(self, day: date) -> dict[tuple[str, str], int]:
        """How often each customer got each ad on a day (UTC)."""
        of, placed = schema.decisions.c, schema.placed.c
        begin, end = _day(day)
        query = (
            sa.select(of.customer, placed.ad_id, sa.func.count().label("times"))
            .join_from(schema.decisions, schema.placed, of.request_id == placed.request_id)
            .where(of.at.between(begin, end - 1), of.customer != "")
            .group_by(of.customer, placed.ad_id)
        )
        return {(row.customer, row.ad_id): row.times for row in self._rows(query)}

    def clicks(self) -> dict[str, tuple[int, int]]:
        """For each ad how many decisions there were, and how many of them were clicked."""
        return {ad: (decided, clicked) for ad, (decided, _, clicked) in self.outcomes().items()}

    def outcomes(self) -> dict[str, tuple[int, int, int]]:
        """For each ad how many decisions there were, how many of them were told to be seen, and how many clicked."""
        of = schema.placed.c
        query = sa.select(
            of.ad_id,
            sa.func.count().label("decided"),
            sa.func.count(of.seen).label("seen"),
            sa.func.count(of.clicked).label("clicked"),
        ).group_by(of.ad_id)
        return {row.ad_id: (row.decided, row.seen, row.clicked) for row in self._rows(query)}

    def refused(self, limit: int = 100) -> list[RefusedEvent]:
        """What was kept apart, newest first."""
        of = schema.refused.c
        query = sa.select(of.number, of.at, of.payload, of.reason).order_by(of.number.desc()).limit(limit)
        return [
            RefusedEvent(row.number, moment(row.at), row.payload, row.reason) for row in self._rows(query)
        ]

    def refused_of(self, customer: str) -> list[RefusedEvent]:
        """What was kept apart and speaks of a customer, oldest first."""
        of = schema.refused.c
        hers = sa.or_(
            of.subject == customer,
            of.subject.in_(_placed_for(customer)),
            of.payload.contains(customer, autoescape=True),
        )
        query = sa.select(of.number, of.at, of.payload, of.reason).where(hers).order_by(of.number)
        return [
            RefusedEvent(row.number, moment(row.at), row.payload, row.reason) for row in self._rows(query)
        ]

    def decided_before(self, before: datetime) -> int:
        """How many decisions are from before a moment."""
        of = schema.decisions.c
        query = sa.select(sa.func.count().label("times")).where(of.at < microseconds(before))
        return sum(int(row.times) for row in self._rows(query))

    def counts(self) -> Counts:
        """How much there is, and how much came in each of the last sixty minutes."""
        kinds = sa.select(schema.feedback.c.kind, sa.func.count().label("times")).group_by(
            schema.feedback.c.kind
        )
        by_kind = {row.kind: row.times for row in self._rows(kinds)}
        repeats = sa.select(sa.func.coalesce(sa.func.sum(schema.repeats.c.times), 0).label("times"))
        return Counts(
            decisions=self._count(schema.decisions),
            feedback={kind.value: by_kind.get(kind.value, 0) for kind in FeedbackKind},
            visits=self._count(schema.visits),
            duplicates=sum(int(row.times) for row in self._rows(repeats)),
            refused=self._count(schema.refused),
            minutes=self.minutes(),
        )

    def minutes(self) -> tuple[Minute, ...]:
        """What came in each of the last sixty minutes, oldest first."""
        last = microseconds(self._clock.now()) // _MINUTE
        first = last - MINUTES + 1
        decided = self._by_minute(schema.decisions.c.at, first)
        came = self._by_minute(schema.feedback.c.received, first)
        visited = self._by_minute(schema.visits.c.received, first)
        return tuple(
            Minute(
                moment(minute * _MINUTE), decided.get(minute, 0), came.get(minute, 0) + visited.get(minute, 0)
            )
            for minute in range(first, last + 1)
        )

    def since(self, begin: int, end: int | None, window: timedelta) -> Happened:
        """What was shown from a moment (microseconds) on, to before another, and first clicks that came meanwhile.

        A click counts where it is within `window` of its decision.
        """
        with self._connection() as connection:
            if connection is None:
                return learning.NOTHING
            return learning.happened(connection, begin, end, window // _MICROSECOND)

    def enough(self, begin: int) -> int | None:
        """The moment before which there is as much as is read at once, from a moment on; None where there is less."""
        with self._connection() as connection:
            return None if connection is None else learning.enough(connection, begin)

    def weighings(self, requests: Iterable[str]) -> dict[str, Weighing]:
        """What decisions were chosen from, by request id, as far as that was kept."""
        with self._connection() as connection:
            return {} if connection is None else learning.weighings(connection, requests)

    def recall(self, name: str) -> tuple[int, bytes] | None:
        """What a learner knew last, and of all that happened before which moment (microseconds)."""
        with self._connection() as connection:
            return None if connection is None else learning.recall(connection, name)

    def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            self._engine.dispose()

    def _by_minute(self, column: sa.Column[Any], first: int) -> dict[int, int]:
        minute = (column // _MINUTE).label("minute")
        query = sa.select(minute, sa.func.count().label("times")).where(column >= first * _MINUTE)
        return {int(row.minute): row.times for row in self._rows(query.group_by(minute))}

    def _count(self, table: sa.Table) -> int:
        query = sa.select(sa.func.count().label("times")).select_from(table)
        return sum(row.times for row in self._rows(query))

    def _onwards(
        self, table: sa.Table, after: int, limit: int | None, *mine: sa.ColumnElement[bool]
    ) -> list[sa.Row[Any]]:
        query = sa.select(table).where(table.c.number > after, *mine).order_by(table.c.number)
        return self._rows(query.limit(_MANY if limit is None else limit))

    def _rows(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        with self._connection() as connection:
            return [] if connection is None else list(connection.execute(query).all())

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection | None]:
        with answering(self._url):
            with self._opening:
                here = self._which()
                if self._engine is not None and here != self._file:  # a backup took its place
                    self._engine.dispose()
                    self._engine = None
                if self._engine is None:
                    self._engine, self._file = reading(self._home, self._url), here
            if self._engine is None:
                yield None
                return
            with self._engine.connect() as connection:
                yield connection

    def _which(self) -> int | None:
        """Which file has the tables; None on a server, and where there is none."""
        try:
            return None if self._url else (self._home / FILE).stat().st_ino
        except FileNotFoundError:
            return None


def _placed_for(customer: str) -> sa.Select[Any]:
    """The decision ids of a customer."""
    requests = sa.select(schema.decisions.c.request_id).where(schema.decisions.c.customer == customer)
    return sa.select(schema.placed.c.decision_id).where(schema.placed.c.request_id.in_(requests))


def _whole(connection: sa.Connection, rows: Iterable[sa.Row[Any]]) -> list[Decision]:
    """Decisions with the ads that were placed in them."""
    found = list(rows)
    of = schema.placed.c
    dialect = connection.dialect.name
    mine = sa.select(schema.placed).where(among(dialect, of.request_id)).order_by(of.position)
    placed: dict[str, list[sa.Row[Any]]] = {}
    for one in connection.execute(mine, listed(dialect, [row.request_id for row in found])):
        placed.setdefault(one.request_id, []).append(one)
    return [as_decision(row, placed.get(row.request_id, [])) for row in found]


def _day(day: date) -> tuple[int, int]:
    begin = datetime.combine(day, time(), UTC)
    return microseconds(begin), microseconds(begin + timedelta(days=1))

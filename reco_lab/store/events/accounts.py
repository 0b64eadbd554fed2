"""Caps and budgets that several workers share, on a server."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from socket import SHUT_RDWR, socket
from threading import Event, Thread
from time import monotonic
from typing import Any, Self

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from reco_lab.core.clock import moment
from reco_lab.core.errors import NotNowError
from reco_lab.core.events import Visit
from reco_lab.store.events.connecting import writing
from reco_lab.store.events.schema import bills, caps

SLOWEST = 2.0
SILENT = "The database server does not answer: each worker goes by what it knows, and holds budgets and caps alone."


@dataclass(frozen=True)
class Claim:
    """An ad that a worker wants to show: what the decision is billed, and up to where that is allowed.

    `cap` is how often the customer may get it in the day; `daily` and `total` what its bills of the day and of all
    days must be below.
    """

    ad_id: str
    cost: float = 0.0
    cap: int | None = None
    daily: float = math.inf
    total: float = math.inf


@dataclass(frozen=True)
class Claimed:
    """Which of the ads that were claimed may be shown, and the visits that came since, each with its running number."""

    granted: tuple[bool, ...]
    visits: tuple[tuple[int, Visit], ...]


class SharedAccounts:
    """The books that all workers on one server write in: each claim is one round trip. One thread claims.

    A cap holds exactly. A budget is passed by at most one decision a worker: each looks at the bills as they are
    at that moment. Claims bill the decisions. First clicks are billed as the log takes them in, and so are decisions
    that were made while the books did not answer, which count for the caps then too.

    Where the server does not answer, or not in SLOWEST seconds, NotNowError; a claim that it took all the same stands,
    unshown. `connect` begins anew.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._claiming: sa.Connection | None = None
        self._since = math.inf
        self._closed = Event()
        Thread(target=self._watch, name="patience with claims", daemon=True).start()

    @classmethod
    def open(cls, home: Path, url: str) -> Self:
        """Open the books of the log at a server's address. Raises InputError if the server does not answer."""
        found = cls(writing(home, url))
        found.connect()
        return found

    def connect(self) -> None:
        """Keep a connection for claims, where there is none."""
        if self._claiming is None:
            with _answering():
                self._claiming = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def claim(self, customer: str, wanted: Sequence[Claim], day: date, heard: int) -> Claimed:
        """Bill and count what may be shown, all at once; which of the ads (each at most once) may.

        A customer without a name has no caps. `heard` is the running number of the last visit known.
        """
        values = (orjson.dumps(wanted).decode(), day.isoformat(), customer) if wanted else ()
        rows = self._ask(_CLAIM + _HEARD if wanted else _SINCE, (*values, heard))
        granted = {row.told for row in rows if row.number is None}
        visits = sorted((int(row.number), _visit(row.told)) for row in rows if row.number is not None)
        return Claimed(tuple(one.ad_id in granted for one in wanted), tuple(visits))

    def release(self, customer: str, given: Sequence[Claim], day: date) -> None:
        """Take back what was granted and is not shown after all; rows are locked in the order in which claims do."""
        ordered = sorted(given, key=lambda claim: claim.ad_id)
        with _answering(), self._engine.begin() as connection:
            for one in ordered:
                if one.cap is not None and customer:
                    of = caps.c
                    mine = (of.day == day.isoformat(), of.customer == customer, of.ad_id == one.ad_id)
                    connection.execute(caps.update().where(*mine).values(times=of.times - 1))
            bill(connection, {(one.ad_id, day.isoformat()): -one.cost for one in ordered})

    def close_before(self, day: date) -> None:
        """Of what is from before a day, leave a sum for each ad: else each look at the books would take longer."""
        with _answering(), self._engine.begin() as connection:
            connection.execute(caps.delete().where(caps.c.day < day.isoformat()))
            connection.exec_driver_sql(_CLOSE, (day.isoformat(),))

    def billed(self, day: date) -> dict[str, tuple[float, float]]:
        """For each ad what it was billed on a day (UTC) and ever."""
        today = sa.func.sum(sa.case((bills.c.day == day.isoformat(), bills.c.amount), else_=0.0))
        query = sa.select(bills.c.ad_id, today.label("today"), sa.func.sum(bills.c.amount).label("ever"))
        with _answering(), self._engine.connect() as connection:
            rows = connection.execute(query.group_by(bills.c.ad_id)).all()
        return {row.ad_id: (float(row.today), float(row.ever)) for row in rows}

    def close(self) -> None:
        """Close the connections."""
        self._closed.set()
        self._let_go()
        self._engine.dispose()

    def _ask(self, command: str, values: tuple[Any, ...]) -> Sequence[sa.Row[Any]]:
        """Run one command, which is a transaction of its own, on the connection that is kept for that."""
        if self._claiming is None:
            raise NotNowError(SILENT)
        self._since = monotonic()
        try:
            with _answering():
                return self._claiming.exec_driver_sql(command, values).all()
        except NotNowError:
            self._let_go()
            raise
        finally:
            self._since = math.inf

    def _watch(self) -> None:
        """Cut the connection on which a claim waits too long: whoever asks for ads would wait as long."""
        while not self._closed.wait(SLOWEST / 4):
            if monotonic() - self._since > SLOWEST and (claiming := self._claiming) is not None:
                with suppress(Exception):  # it ended meanwhile
                    driver: Any = claiming.connection.driver_connection
                    with socket(fileno=os.dup(driver.pgconn.socket)) as channel:
                        channel.shutdown(SHUT_RDWR)

    def _let_go(self) -> None:
        if self._claiming is not None:
            self._claiming.invalidate()
            self._claiming.close()
            self._claiming = None


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise NotNowError(SILENT) from error


def count(connection: sa.Connection, shown: Mapping[tuple[str, str, str], int]) -> None:
    """Add to how often customers got ads on days, by day, customer and ad, in the order in which claims do."""
    rows = [
        {"day": day, "customer": customer, "ad_id": ad, "times": times}
        for (day, customer, ad), times in sorted(shown.items())
    ]
    if rows:
        query = postgresql.insert(caps)
        more = {"times": caps.c.times + query.excluded.times}
        connection.execute(
            query.on_conflict_do_update(index_elements=["day", "customer", "ad_id"], set_=more), rows
        )


def bill(connection: sa.Connection, amounts: Mapping[tuple[str, str], float]) -> None:
    """Add to what ads were billed on days, in the order in which every writer does."""
    rows = [{"ad_id": ad, "day": day, "amount": cost} for (ad, day), cost in sorted(amounts.items()) if cost]
    if rows:
        query = postgresql.insert(bills)
        more = {"amount": bills.c.amount + query.excluded.amount}
        connection.execute(query.on_conflict_do_update(index_elements=["ad_id", "day"], set_=more), rows)


def _visit(told: str) -> Visit:
    """The visit that a list of values stands for."""
    event_id, customer, item_id, kind, at, received, value = orjson.loads(told)
    return Visit(event_id, customer, item_id, kind, moment(at), moment(received), float(value))


_CLOSE = """
WITH closed AS (DELETE FROM log_bills WHERE day < %s AND day <> '' RETURNING ad_id, amount)
INSERT INTO log_bills (ad_id, day, amount) SELECT ad_id, '', sum(amount) FROM closed GROUP BY ad_id ORDER BY ad_id
ON CONFLICT (ad_id, day) DO UPDATE SET amount = log_bills.amount + excluded.amount
"""
# lists go and come as JSON: the driver takes ten times as long over arrays and over many columns
_CLAIM = """
WITH wanted AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb)
        AS listed (ad_id text, cost float8, cap bigint, daily float8, total float8)
), asked AS (
    SELECT %s::text AS day, %s::text AS customer
), spent AS (
    SELECT ad_id, sum(amount) AS ever, sum(CASE WHEN day = (SELECT day FROM asked) THEN amount ELSE 0 END) AS today
    FROM log_bills WHERE ad_id = ANY(ARRAY(SELECT ad_id FROM wanted)) GROUP BY ad_id
), allowed AS (
    SELECT wanted.* FROM wanted LEFT JOIN spent USING (ad_id)
    WHERE (daily IS NULL OR coalesce(today, 0) < daily) AND (total IS NULL OR coalesce(ever, 0) < total)
), counted AS (
    INSERT INTO log_caps (day, customer, ad_id, times)
    SELECT asked.day, asked.customer, ad_id, 1 FROM allowed, asked
    WHERE cap IS NOT NULL AND asked.customer <> '' ORDER BY ad_id
    ON CONFLICT (day, customer, ad_id) DO UPDATE SET times = log_caps.times + 1
    WHERE log_caps.times < (SELECT cap FROM wanted WHERE wanted.ad_id = excluded.ad_id)
    RETURNING ad_id
), granted AS (
    SELECT allowed.* FROM allowed, asked
    WHERE cap IS NULL OR asked.customer = '' OR ad_id IN (SELECT ad_id FROM counted)
), billed AS (
    INSERT INTO log_bills (ad_id, day, amount)
    SELECT ad_id, asked.day, cost FROM granted, asked WHERE cost > 0 ORDER BY ad_id
    ON CONFLICT (ad_id, day) DO UPDATE SET amount = log_bills.amount + excluded.amount
    RETURNING ad_id
)
"""
_SINCE = """
SELECT number, json_build_array(event_id, customer, item_id, kind, at, received, value)::text AS told
FROM log_visits WHERE number > %s
"""
_HEARD = f"SELECT NULL::bigint AS number, ad_id AS told FROM granted UNION ALL {_SINCE}"  # noqa: S608 - all of it stands here

"""Caps and budgets that several workers share, on a server."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from reco_lab.core.events import Visit
from reco_lab.store.events.connecting import writing
from reco_lab.store.events.rows import as_visit
from reco_lab.store.events.schema import bills, caps


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
    at that moment. First clicks are billed as the log takes them in; claims bill the decisions.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._claiming: sa.Connection | None = None

    @classmethod
    def open(cls, home: Path, url: str) -> Self:
        """Open the books of the log at a server's address. Raises InputError if the server does not answer."""
        return cls(writing(home, url))

    def claim(self, customer: str, wanted: Sequence[Claim], day: date, heard: int) -> Claimed:
        """Bill and count what may be shown, all at once; which of the ads (each at most once) may.

        A customer without a name has no caps. `heard` is the running number of the last visit known.
        """
        claims = [(one.ad_id, one.cost, one.cap, one.daily, one.total) for one in wanted]
        columns = [list(column) for column in zip(*claims, strict=True)]
        values = (*columns, columns[0], day.isoformat(), customer) if wanted else ()
        rows = self._ask(_CLAIM + _HEARD if wanted else _SINCE, (*values, heard))
        granted = {row.event_id for row in rows if row.number is None}
        visits = [(int(row.number), as_visit(row)) for row in rows if row.number is not None]
        visits.sort(key=itemgetter(0))
        return Claimed(tuple(one.ad_id in granted for one in wanted), tuple(visits))

    def release(self, customer: str, given: Sequence[Claim], day: date) -> None:
        """Take back what was granted and is not shown after all."""
        with self._engine.begin() as connection:
            for one in sorted(given, key=lambda claim: claim.ad_id):
                bill = (bills.c.ad_id == one.ad_id, bills.c.day == day.isoformat())
                if one.cost:
                    connection.execute(bills.update().where(*bill).values(amount=bills.c.amount - one.cost))
                if one.cap is not None and customer:
                    of = caps.c
                    mine = (of.day == day.isoformat(), of.customer == customer, of.ad_id == one.ad_id)
                    connection.execute(caps.update().where(*mine).values(times=of.times - 1))

    def billed(self, day: date) -> dict[str, tuple[float, float]]:
        """For each ad what it was billed on a day (UTC) and ever."""
        today = sa.func.sum(sa.case((bills.c.day == day.isoformat(), bills.c.amount), else_=0.0))
        query = sa.select(bills.c.ad_id, today.label("today"), sa.func.sum(bills.c.amount).label("ever"))
        with self._engine.connect() as connection:
            rows = connection.execute(query.group_by(bills.c.ad_id)).all()
        return {row.ad_id: (float(row.today), float(row.ever)) for row in rows}

    def close(self) -> None:
        """Close the connections."""
        self._let_go()
        self._engine.dispose()

    def _ask(self, command: str, values: tuple[Any, ...]) -> Sequence[sa.Row[Any]]:
        """Run one command, which is a transaction of its own, on a connection that is kept for that.

        Where the server was gone meanwhile, on a new one: a claim that the old one has made may stand, unshown.
        """
        kept = self._claiming is not None
        try:
            if self._claiming is None:
                self._claiming = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            return self._claiming.exec_driver_sql(command, values).all()
        except sa.exc.DBAPIError:
            self._let_go()
            if not kept:
                raise
        return self._ask(command, values)

    def _let_go(self) -> None:
        if self._claiming is not None:
            self._claiming.invalidate()
            self._claiming.close()
            self._claiming = None


_CLAIM = """
WITH wanted AS (
    SELECT * FROM unnest(%s::text[], %s::float8[], %s::bigint[], %s::float8[], %s::float8[])
        AS listed (ad_id, cost, cap, daily, total)
), asked AS (
    SELECT %s::text[] AS ads, %s::text AS day, %s::text AS customer
), spent AS (
    SELECT ad_id, sum(amount) AS ever, sum(CASE WHEN day = (SELECT day FROM asked) THEN amount ELSE 0 END) AS today
    FROM log_bills WHERE ad_id = ANY((SELECT ads FROM asked)::text[]) GROUP BY ad_id
), allowed AS (
    SELECT wanted.* FROM wanted LEFT JOIN spent USING (ad_id)
    WHERE coalesce(today, 0) < daily AND coalesce(ever, 0) < total
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
SELECT number, event_id, customer, item_id, kind, at, received, value FROM log_visits WHERE number > %s
"""
_HEARD = f"""
SELECT NULL::bigint AS number, ad_id AS event_id, '' AS customer, '' AS item_id, '' AS kind, 0 AS at, 0 AS received,
    0.0 AS value FROM granted
UNION ALL {_SINCE}
"""  # noqa: S608 - all of it stands here

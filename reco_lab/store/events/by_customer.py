"""What came of decisions, summed up for each customer, arm and stretch of time: units of a test are customers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from reco_lab.core.events import FeedbackKind, Stage
from reco_lab.store.events import schema
from reco_lab.store.events.reading import Reading
from reco_lab.store.events.records import microseconds, moment

COUNTED = ("decisions", "latency", "fallbacks", "shown", "clicks", "dismissed", "bought", "revenue", "billed")


class ByCustomer(Reading):
    """Adds up the log by customer, in one question to the database."""

    def by_customer(
        self,
        begin: datetime,
        end: datetime,
        *,
        step: timedelta,
        within: timedelta,
        arms: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """A row for each customer, arm and `step` from `begin` to before `end`, with the columns COUNTED.

        Only decisions in these `arms` (None: all), and none for nobody. Clicks, dismissals and conversions count in the
        step of their decision, where they came `within` so long of it. `latency` is in microseconds, `fallbacks` are
        decisions in which a stand-in ranked, `bought` are conversions, `revenue` their money, `billed` what ads cost
        their advertisers.
        """
        of, placed = schema.decisions.c, schema.placed.c
        stretch = ((of.at - microseconds(begin)) // (step // timedelta(microseconds=1))).label("step")
        came = _came(microseconds(begin), within // timedelta(microseconds=1))
        sums = _sums(came, within // timedelta(microseconds=1))
        joined = schema.decisions.outerjoin(schema.placed, of.request_id == placed.request_id).outerjoin(
            came, came.c.decision_id == placed.decision_id
        )
        query = (
            sa.select(of.customer, of.arm, stretch, *(one.label(name) for name, one in sums.items()))
            .select_from(joined)
            .where(of.at >= microseconds(begin), of.at < microseconds(end), of.customer != "")
            .group_by(of.customer, of.arm, stretch)
        )
        if arms is not None:
            query = query.where(of.arm.in_(list(arms)))
        frame = pd.DataFrame(
            [tuple(row) for row in self._rows(query)], columns=["customer", "arm", "step", *COUNTED]
        )
        return frame.astype({"step": "int64", **dict.fromkeys(COUNTED, "float64")})

    def first_decision(self, since: datetime) -> datetime | None:
        """The moment of the first decision since a moment; None where there is none."""
        of = schema.decisions.c
        rows = self._rows(sa.select(sa.func.min(of.at).label("at")).where(of.at >= microseconds(since)))
        return moment(rows[0].at) if rows and rows[0].at is not None else None


def _sums(came: sa.Subquery, within: int) -> dict[str, sa.ColumnElement[Any]]:
    of, placed = schema.decisions.c, schema.placed.c
    first = sa.or_(placed.position.is_(None), placed.position == 0)
    clicked = placed.clicked <= placed.at + within
    return {
        "decisions": _sum(first, 1),
        "latency": _sum(first, of.latency_us),
        "fallbacks": _sum(sa.and_(first, of.stage != Stage.model.value), 1),
        "shown": sa.func.count(placed.decision_id),
        "clicks": _sum(clicked, 1),
        "dismissed": sa.func.coalesce(sa.func.sum(came.c.dismissed), 0),
        "bought": sa.func.coalesce(sa.func.sum(came.c.bought), 0),
        "revenue": sa.func.coalesce(sa.func.sum(came.c.revenue), 0.0),
        "billed": sa.func.coalesce(sa.func.sum(placed.cost), 0.0) + _sum(clicked, placed.click_cost),
    }


def _came(begin: int, within: int) -> sa.Subquery:
    """Conversions and dismissals of each ad, as far as they came in time."""
    came, placed = schema.feedback.c, schema.placed.c
    bought, dismissed = (came.kind == kind.value for kind in (FeedbackKind.conversion, FeedbackKind.dismiss))
    return (
        sa.select(
            came.decision_id,
            _sum(bought, 1).label("bought"),
            sa.func.max(sa.case((dismissed, 1), else_=0)).label("dismissed"),
            _sum(bought, sa.func.coalesce(came.value, 0.0)).label("revenue"),
        )
        .join_from(schema.feedback, schema.placed, placed.decision_id == came.decision_id)
        .where(sa.or_(bought, dismissed), placed.at >= begin, came.at <= placed.at + within)
        .group_by(came.decision_id)
        .subquery()
    )


def _sum(condition: sa.ColumnElement[bool], value: Any) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, value), else_=0)), 0)

"""What came of decisions, summed up for each customer, arm and stretch of time: units of a test are customers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from reco_lab.core.clock import microseconds, moment
from reco_lab.core.events import FeedbackKind, Stage
from reco_lab.store.events import schema
from reco_lab.store.events.reading import Reading

DECIDED = ("decisions", "latency", "fallbacks", "shown", "clicks", "billed")
CAME = ("dismissed", "bought", "revenue")
COUNTED = (*DECIDED, *CAME)
_KEYS = ["customer", "arm", "step"]
_OF, _PLACED, _CAME = schema.decisions.c, schema.placed.c, schema.feedback.c


class ByCustomer(Reading):
    """Adds up the log by customer; the database does the adding."""

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
        decisions in which a stand-in ranked, `billed` is what ads cost their advertisers, `bought` are conversions,
        `revenue` their money.
        """
        window = _whole(within)
        which = [_OF.at >= microseconds(begin), _OF.at < microseconds(end), _OF.customer != ""]
        if arms is not None:
            which.append(_OF.arm.in_(list(arms)))
        stretch = ((_OF.at - microseconds(begin)) // _whole(step)).label("step")
        by = (_OF.customer, _OF.arm, stretch)
        decided = sa.select(*by, *_decided(window)).select_from(
            schema.decisions.outerjoin(schema.placed, _OF.request_id == _PLACED.request_id)
        )
        came = sa.select(*by, *_came()).select_from(
            schema.feedback.join(schema.placed, _PLACED.decision_id == _CAME.decision_id).join(
                schema.decisions, _OF.request_id == _PLACED.request_id
            )
        )
        told = (_CAME.kind.in_(_KINDS), _CAME.at <= _PLACED.at + window)
        sums = self._sums(decided.where(*which).group_by(*by), DECIDED)
        found = self._sums(came.where(*which, *told).group_by(*by), CAME)
        return sums.join(found).fillna(0.0).reset_index()

    def first_decision(self, since: datetime) -> datetime | None:
        """The moment of the first decision since a moment; None where there is none."""
        rows = self._rows(sa.select(sa.func.min(_OF.at).label("at")).where(_OF.at >= microseconds(since)))
        return moment(rows[0].at) if rows and rows[0].at is not None else None

    def _sums(self, query: sa.Select[Any], names: Sequence[str]) -> pd.DataFrame:
        rows = [tuple(row) for row in self._rows(query)]
        frame = pd.DataFrame(rows, columns=[*_KEYS, *names])
        return frame.astype({"step": "int64", **dict.fromkeys(names, "float64")}).set_index(_KEYS)


_KINDS = (FeedbackKind.conversion.value, FeedbackKind.dismiss.value)


def _decided(window: int) -> list[sa.ColumnElement[Any]]:
    first = sa.or_(_PLACED.position.is_(None), _PLACED.position == 0)
    clicked = _PLACED.clicked <= _PLACED.at + window
    return [
        _sum(first, 1),
        _sum(first, _OF.latency_us),
        _sum(sa.and_(first, _OF.stage != Stage.model.value), 1),
        sa.func.count(_PLACED.decision_id),
        _sum(clicked, 1),
        sa.func.coalesce(sa.func.sum(_PLACED.cost), 0.0) + _sum(clicked, _PLACED.click_cost),
    ]


def _came() -> list[sa.ColumnElement[Any]]:
    bought = _CAME.kind == FeedbackKind.conversion.value
    dismissed = sa.case((_CAME.kind == FeedbackKind.dismiss.value, _CAME.decision_id))
    return [
        sa.func.count(sa.distinct(dismissed)),
        _sum(bought, 1),
        _sum(bought, sa.func.coalesce(_CAME.value, 0.0)),
    ]


def _sum(condition: sa.ColumnElement[bool], value: Any) -> sa.ColumnElement[Any]:
    return sa.func.sum(sa.case((condition, value), else_=0))


def _whole(span: timedelta) -> int:
    return span // timedelta(microseconds=1)

"""What learners read of the log: what was shown and clicked from a moment on, and what they knew before."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from reco_lab.core.events import FeedbackKind, Stage
from reco_lab.store.events import schema
from reco_lab.store.events.rows import FLOATS, among, listed

AT_ONCE = 5_000
_END = 1 << 62
_OF = schema.decisions.c
_PLACED = schema.placed.c
_TOLD = schema.feedback.c
_COLUMNS = (
    _PLACED.ad_id,
    _PLACED.position,
    _PLACED.score,
    sa.case((_PLACED.cost > 0, _PLACED.cost), else_=_PLACED.click_cost).label("bid"),
    _OF.model_version,
    _OF.at,
    schema.weighed.c.features,
)


@dataclass(frozen=True, eq=False)
class Happened:
    """Ads that were shown, and then those whose first click within the window came, a row each.

    `since` is when that was: the moment of the decision, or that at which the click came in; both are in the
    order of the log's own clock. `bids`, `scores`, `versions` and `features` (None: not kept) are those of
    the decision, made `at`.
    """

    ads: tuple[str, ...]
    places: NDArray[np.int64]
    scores: NDArray[np.float64]
    bids: NDArray[np.float64]
    versions: tuple[str, ...]
    at: NDArray[np.int64]
    features: tuple[bytes | None, ...]
    clicked: NDArray[np.bool_]
    since: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ads)


@dataclass(frozen=True, eq=False)
class Weighing:
    """What a decision was chosen from: ids of the candidates, the score of each, and the numbers known of the customer."""

    ids: tuple[str, ...]
    scores: NDArray[np.float32]
    features: NDArray[np.float32]


def happened(connection: sa.Connection, begin: int, end: int | None, window: int) -> Happened:
    """What happened from a moment on, to before another; a click counts within `window` microseconds of its decision."""
    last = _END if end is None else end
    made = connection.execute(_shown().where(_OF.at.between(begin, last - 1))).all()
    shown = [(*row, False, row.at) for row in made]
    return _columns([*shown, *_first_clicks(connection, begin, last, window)])


def enough(connection: sa.Connection, begin: int, most: int = AT_ONCE) -> int | None:
    """The moment before which there are about so many decisions from a moment on; None where there are not so many."""
    query = sa.select(_OF.at).where(_OF.at >= begin).order_by(_OF.at).offset(most).limit(1)
    found = connection.execute(query).scalar()
    return None if found is None else max(int(found), begin + 1)


def weighings(connection: sa.Connection, requests: Iterable[str]) -> dict[str, Weighing]:
    """What decisions were chosen from, by request id, as far as it was kept."""
    dialect, kept = connection.dialect.name, schema.weighed.c
    query = (
        sa.select(kept.request_id, kept.scores, kept.features, schema.sets.c.ids)
        .join_from(schema.weighed, schema.decisions, kept.request_id == _OF.request_id)
        .join(schema.sets, schema.sets.c.candidates == _OF.candidates)
        .where(among(dialect, kept.request_id), sa.func.length(kept.scores) > 0)
    )
    return {
        row.request_id: Weighing(tuple(json.loads(row.ids)), _numbers(row.scores), _numbers(row.features))
        for row in connection.execute(query, listed(dialect, requests))
    }


def recall(connection: sa.Connection, name: str) -> tuple[int, bytes] | None:
    """What a learner knew, and of what happened before which moment."""
    of = schema.learnt.c
    row = connection.execute(sa.select(of.upto, of.arrays).where(of.name == name)).one_or_none()
    return None if row is None else (int(row.upto), bytes(row.arrays))


def remember(connection: sa.Connection, name: str, upto: int, arrays: bytes, at: int) -> None:
    """Keep what a learner knows, unless another worker kept more."""
    of, moment = schema.learnt.c, f"{upto:020d}"
    values = {"upto": moment, "arrays": arrays, "at": at}
    if not connection.execute(sa.select(of.name).where(of.name == name)).all():
        connection.execute(schema.learnt.insert().values(name=name, **values))
    else:
        connection.execute(schema.learnt.update().where(of.name == name, of.upto < moment).values(values))


def _shown(*more: Any) -> sa.Select[Any]:
    """Ads with their decisions; not those for which nothing but the shop's own ads could be shown: nobody chose there."""
    of = schema.weighed.c
    query = sa.select(*_COLUMNS, *more).join_from(
        schema.decisions, schema.placed, _OF.request_id == _PLACED.request_id
    )
    kept = query.join(schema.weighed, of.request_id == _OF.request_id, isouter=True)
    return kept.where(_OF.stage != Stage.house.value)


def _first_clicks(connection: sa.Connection, begin: int, end: int, window: int) -> Iterable[tuple[Any, ...]]:
    """Of the decisions that were clicked in time: the first such click that came, where it came from `begin` on."""
    came = sa.select(_TOLD.decision_id).where(
        _TOLD.kind == FeedbackKind.click.value, _TOLD.received.between(begin, end - 1)
    )
    query = _shown(_TOLD.decision_id, _TOLD.received).join(
        schema.feedback, _TOLD.decision_id == _PLACED.decision_id
    )
    in_time = (_TOLD.kind == FeedbackKind.click.value, _TOLD.at <= _OF.at + window)
    clicks = connection.execute(query.where(_TOLD.decision_id.in_(came), *in_time).order_by(_TOLD.received))
    first = {row.decision_id: row for row in reversed(clicks.all())}
    return [
        (*row[: len(_COLUMNS)], True, row.received) for row in first.values() if begin <= row.received < end
    ]


def _columns(rows: Sequence[tuple[Any, ...]]) -> Happened:
    ads, places, scores, bids, versions, at, features, clicked, since = (
        zip(*rows, strict=True) if rows else [()] * 9
    )
    return Happened(
        ads=tuple(ads),
        places=np.array(places, np.int64),
        scores=np.array(scores, np.float64),
        bids=np.array(bids, np.float64),
        versions=tuple(versions),
        at=np.array(at, np.int64),
        features=tuple(features),
        clicked=np.array(clicked, bool),
        since=np.array(since, np.int64),
    )


NOTHING = _columns([])


def _numbers(block: bytes) -> NDArray[np.float32]:
    return np.frombuffer(block, FLOATS).astype(np.float32)

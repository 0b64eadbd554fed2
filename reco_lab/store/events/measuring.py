"""What the log holds of a period, as columns: read once, then only what is new."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray

from reco_lab.core.events import FeedbackKind
from reco_lab.store.events import schema
from reco_lab.store.events.reading import Reading

AT_ONCE = 1_000  # so few that they stay in the cache of the processor from one step to the next
MOST = 2_000_000  # decisions that are held; each takes some 200 bytes with two ads
LATE = 10_000_000  # microseconds in which nearly every decision is in the tables, whoever makes it
IN_FLIGHT = 10_000  # events that several writers may number before they are there to be read
NEVER = np.iinfo(np.int64).max

_OF, _PLACED, _CAME, _VISIT = schema.decisions.c, schema.placed.c, schema.feedback.c, schema.visits.c
_TEXTS = ("customer", "slot", "stage", "model_version", "arm")
_DECIDED = ("at", "latency_us", "n_candidates", *_TEXTS)
_MOMENTS = ("seen", "clicked")
_PLACES = ("ad_id", "position", "propensity", "score", "cost", "click_cost", *_MOMENTS)
_MEASURED = frozenset({"propensity", "score", "cost", "click_cost"})
_ORDER = (_OF.at, _OF.request_id, _PLACED.position)

Array = NDArray[Any]
Columns = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Period:
    """Decisions from `begin` to before `end` (microseconds since 1970) in their order, and the ads in them.

    `decided` has a value a decision: `at`, `latency_us`, `n_candidates`, and as codes `customer`, `slot`,
    `stage`, `model_version`, `arm`. `placed` has a value an ad: `of` (which decision), the code `ad_id`,
    `position`, `propensity`, `score`, `cost`, `click_cost`, and the moments `seen` and `clicked` (NEVER if it
    was not). `names` spell the codes. `cut`: there was more than can be held, and the oldest is left out.
    """

    begin: int
    end: int
    decided: Columns
    placed: Columns
    names: Mapping[str, Sequence[str]]
    cut: bool = False

    def __len__(self) -> int:
        return len(self.decided["at"])

    def between(self, begin: int, end: int) -> "Period":
        """The part of it in which decisions fall from `begin` to before `end`."""
        first, last = np.searchsorted(self.decided["at"], (begin, end))
        low, high = np.searchsorted(self.placed["of"], (first, last))
        decided = {name: column[first:last] for name, column in self.decided.items()}
        placed = {name: column[low:high] for name, column in self.placed.items()}
        placed["of"] = placed["of"] - first
        return Period(begin, end, decided, placed, self.names, self.cut)


class _Codes(dict[str, int]):
    """Gives every text a number, in the order in which they come."""

    def __missing__(self, text: str) -> int:
        self[text] = code = len(self)
        return code


class Measuring(Reading):
    """Reads the log by periods."""

    def pulse(self) -> tuple[int, int]:
        """What changes when something comes in: the moment of the last decision, the number of the last event."""
        last = sa.select(sa.func.max(_OF.at)).scalar_subquery()
        number = sa.select(sa.func.max(_CAME.number)).scalar_subquery()
        rows = self._rows(sa.select(last.label("at"), number.label("number")))
        return (int(rows[0].at or 0), int(rows[0].number or 0)) if rows else (0, 0)

    def touched(self, after: int, since: int) -> int | None:
        """The earliest decision of which an event came behind this running number; None if none came.

        On a server numbers may come to light out of their order: those of shortly before count as well, where their
        events were received `since` (microseconds).
        """
        came = sa.or_(_CAME.number > after, _CAME.received >= since)
        first = after - IN_FLIGHT if self._url else after
        query = sa.select(sa.func.min(_PLACED.at).label("at")).select_from(
            schema.feedback.join(schema.placed, _CAME.decision_id == _PLACED.decision_id)
        )
        rows = self._rows(query.where(_CAME.number > first, came))
        return int(rows[0].at) if rows and rows[0].at is not None else None

    def decided(self, begin: int, end: int) -> int:
        """How many decisions fall from `begin` to before `end`."""
        rows = self._rows(sa.select(sa.func.count().label("n")).where(_OF.at >= begin, _OF.at < end))
        return int(rows[0].n) if rows else 0

    def starting(self, end: int, most: int) -> int:
        """The moment from which on at most so many decisions lie before `end`; 0 where there are not more."""
        query = sa.select(_OF.at).where(_OF.at < end).order_by(_OF.at.desc()).offset(most).limit(1)
        rows = self._rows(query)
        return int(rows[0].at) + 1 if rows else 0

    def conversions(self, begin: int, end: int) -> pd.DataFrame:
        """Conversions told of the decisions of a period, with their decisions: a row each, `at` and `value` as told."""
        what = {name: _OF[name] for name in _TEXTS} | {"ad_id": _PLACED.ad_id, "position": _PLACED.position}
        what |= {"decided": _OF.at, "clicked": _PLACED.clicked, "at": _CAME.at, "value": _CAME.value}
        chain = schema.feedback.join(schema.placed, _CAME.decision_id == _PLACED.decision_id)
        query = sa.select(*(column.label(name) for name, column in what.items())).select_from(
            chain.join(schema.decisions, _OF.request_id == _PLACED.request_id)
        )
        query = query.where(_CAME.kind == FeedbackKind.conversion.value, _CAME.received >= begin)
        return _table(self._rows(query.where(_OF.at >= begin, _OF.at < end)), list(what))

    def purchases(self, begin: int, end: int) -> pd.DataFrame:
        """Purchases told as visits: `customer`, `item_id`, `at` and `value`."""
        query = sa.select(_VISIT.customer, _VISIT.item_id, _VISIT.at, _VISIT.value)
        query = query.where(_VISIT.kind == "purchase", _VISIT.at >= begin, _VISIT.at < end)
        return _table(self._rows(query), ["customer", "item_id", "at", "value"])

    def told(self, begin: int, end: int, step: int) -> pd.DataFrame:
        """How many events were `accepted` and `refused`, a row a `step` (in microseconds, counted from `begin`)."""
        parts = []
        for name, table, moment in (
            ("accepted", schema.feedback, _CAME.received),
            ("refused", schema.refused, schema.refused.c.at),
        ):
            when = (moment - begin) // step
            query = sa.select(when.label("step"), sa.func.count().label(name)).select_from(table)
            query = query.where(moment >= begin, moment < end).group_by(when)
            parts.append(_table(self._rows(query), ["step", name]).set_index("step"))
        return pd.concat(parts, axis=1).fillna(0).sort_index().reset_index().astype(np.int64)

    def rows_of(self, begin: int, end: int) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Every ad of every decision of a period with its decision, in their order, some thousand rows at a time.

        They come as the database's driver gives them: a named row for each would take as long again.
        """
        placed = [
            sa.func.coalesce(_PLACED[name], NEVER) if name in _MOMENTS else _PLACED[name] for name in _PLACES
        ]
        query = (
            sa.select(*(_OF[name] for name in _DECIDED), *placed)
            .select_from(schema.decisions.outerjoin(schema.placed, _OF.request_id == _PLACED.request_id))
            .where(_OF.at >= begin, _OF.at < end)
            .order_by(*_ORDER)
        )
        with self._connection() as connection:
            if connection is None:
                return
            streamed = connection.execution_options(stream_results=True, max_row_buffer=1)
            with streamed.execute(query) as result:
                rows: Sequence[Any] = result.fetchmany(1)  # all that SQLAlchemy may have read ahead
                while rows:
                    yield rows
                    rows = result.cursor.fetchmany(AT_ONCE) if result.cursor is not None else ()


@dataclass(eq=False)
class Mirror:
    """The latest decisions of a log in memory, as far back as was ever asked, kept up to date; many may ask at once.

    A decision is in the tables a moment after it was made, or long after where a journal kept it meanwhile. So the last
    seconds are always read again, and all of it where the log counts other decisions than are held.
    """

    log: Measuring
    most: int = MOST
    _codes: dict[str, _Codes] = field(default_factory=dict)
    _held: Period | None = None
    _heard: int = 0
    _longest: int = 0
    _lock: Lock = field(default_factory=Lock)

    def period(self, begin: int, end: int) -> Period:
        """What the log holds of a period; what was read before and did not change is not read again."""
        with self._lock:
            self._longest = max(self._longest, end - begin)
            heard = self.log.pulse()[1]
            kept = self._kept(begin, end)
            self._held = self._anew(begin, end) if kept is None else _joined(kept, self._read(kept.end, end))
            self._heard = heard
            return self._held.between(begin, end)

    def _kept(self, begin: int, end: int) -> Period | None:
        """What is held and did not change; None where all is to be read."""
        held = self._held
        if held is None or begin < held.begin or end < held.end:
            return None
        touched = self.log.touched(self._heard, held.end - LATE)
        again = held.end - LATE if touched is None else min(touched, held.end - LATE)
        keep = max(held.begin, end - self._longest)
        kept = held.between(keep, max(again, keep))
        first = int(kept.decided["at"][0]) if kept.cut and len(kept) else kept.begin
        return kept if self.log.decided(first, kept.end) == len(kept) else None

    def _anew(self, begin: int, end: int) -> Period:
        self._codes = {name: _Codes() for name in (*_TEXTS, "ad_id")}
        first = self.log.starting(end, self.most)
        return replace(self._read(max(begin, first), end), begin=begin, cut=first > begin)

    def _read(self, begin: int, end: int) -> Period:
        parts = [self._columns(rows) for rows in self.log.rows_of(begin, end)]
        parts = parts or [self._columns([])]
        decided = {name: np.concatenate([part[0][name] for part in parts]) for name in _DECIDED}
        starts = np.concatenate([part[1]["first"] for part in parts])
        filled = np.concatenate([part[1]["filled"] for part in parts])
        placed = {name: np.concatenate([part[1][name] for part in parts]) for name in _PLACES}
        placed["of"] = (np.cumsum(starts) - 1)[filled]
        names = {name: list(codes) for name, codes in self._codes.items()}
        return Period(begin, end, decided, placed, names)

    def _columns(self, rows: Sequence[tuple[Any, ...]]) -> tuple[dict[str, Array], dict[str, Array]]:
        names = (*_DECIDED, *_PLACES)
        columns = dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))
        filled = np.ones(len(rows), bool)
        if None in columns["ad_id"]:  # a decision without an ad
            filled = np.array([ad is not None for ad in columns["ad_id"]], bool)
        first = ~filled
        first[filled] = self._array("position", columns["position"], filled) == 0
        decided = {name: self._array(name, columns[name], first) for name in _DECIDED}
        placed = {name: self._array(name, columns[name], filled) for name in _PLACES}
        return decided, placed | {"first": first, "filled": filled}

    def _array(self, name: str, values: Sequence[Any], chosen: NDArray[np.bool_]) -> Array:
        mine = values if chosen.all() else list(compress(values, chosen.tolist()))
        if name in self._codes:
            return np.fromiter(map(self._codes[name].__getitem__, mine), np.int32, len(mine))
        return np.array(mine, np.float64 if name in _MEASURED else np.int64)


def _joined(before: Period, after: Period) -> Period:
    """Two periods that follow each other; the codes of the second continue those of the first."""
    shift = {"of": len(before)}
    decided = {name: np.concatenate([column, after.decided[name]]) for name, column in before.decided.items()}
    placed = {
        name: np.concatenate([column, after.placed[name] + shift.get(name, 0)])
        for name, column in before.placed.items()
    }
    return Period(before.begin, after.end, decided, placed, after.names, before.cut)


def _table(rows: Sequence[sa.Row[Any]], names: list[str]) -> pd.DataFrame:
    return pd.DataFrame.from_records([tuple(row) for row in rows], columns=names)

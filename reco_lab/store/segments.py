"""The segments that a person saved: the rule of each, and who was in it when it was last looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.core.errors import DataError, NotFoundError
from reco_lab.core.segment import Definition, dump, parse
from reco_lab.core.stored import known
from reco_lab.store.database import Database
from reco_lab.store.schema import segments

LONGEST_TITLE = 80
KIND = "members"


@dataclass(frozen=True)
class Kept:
    """Who was in a segment at a time: `size` of `customers` of a version, the ids in the artefact's table `members`.

    `mix` is the share of each RFM class among the members, where the data had times.
    """

    version: int
    fingerprint: str
    size: int
    customers: int
    artefact: str
    at: str
    mix: Mapping[str, float]


@dataclass(frozen=True)
class SegmentRecord:
    """One saved segment of a data set; `kept` is None until its members were kept."""

    id: str
    dataset: str
    title: str
    definition: Definition
    kept: Kept | None
    created: datetime
    changed: datetime


@dataclass(frozen=True, eq=False)
class Segments:
    """Segments by id. Every method is one transaction; any process may call any of them."""

    database: Database
    clock: Clock

    def listing(self, dataset: str | None = None) -> list[SegmentRecord]:
        """The segments of a data set, or all, by title."""
        query = sa.select(segments).order_by(segments.c.title, segments.c.id)
        if dataset is not None:
            query = query.where(segments.c.dataset == dataset)
        with self.database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def segment(self, id_: str) -> SegmentRecord:
        """One segment; NotFoundError if there is none with this id."""
        with self.database.read() as connection:
            row = connection.execute(_one(id_)).one_or_none()
        if row is None:
            raise _unknown(id_)
        return _record(row)

    def add(
        self, id_: str, dataset: str, title: str, definition: Definition, kept: Kept | None
    ) -> SegmentRecord:
        """Add a segment. DataError for a title that is empty, too long or another segment's of this data set."""
        now = self.clock.now()
        values = {"id": id_, "dataset": dataset, "title": title.strip(), "created": now, "changed": now}
        values |= {"definition": dump(definition), "kept": None if kept is None else _values(kept)}
        with self.database.write() as connection:
            _free(connection, dataset, title, id_)
            connection.execute(segments.insert().values(values))
            return _record(connection.execute(_one(id_)).one())

    def change(
        self,
        id_: str,
        *,
        title: str | None = None,
        definition: Definition | None = None,
        kept: Kept | None = None,
    ) -> SegmentRecord:
        """Change what is given of a segment; NotFoundError, DataError as `add`."""
        values: dict[str, Any] = {"changed": self.clock.now()}
        values |= {} if title is None else {"title": title.strip()}
        values |= {} if definition is None else {"definition": dump(definition)}
        values |= {} if kept is None else {"kept": _values(kept)}
        with self.database.write() as connection:
            before = connection.execute(_one(id_)).one_or_none()
            if before is None:
                raise _unknown(id_)
            _free(connection, before.dataset, before.title if title is None else title, id_)
            connection.execute(segments.update().where(segments.c.id == id_).values(values))
            return _record(connection.execute(_one(id_)).one())

    def remove(self, id_: str) -> None:
        """Remove a segment; NotFoundError if there is none with this id."""
        with self.database.write() as connection:
            if not connection.execute(segments.delete().where(segments.c.id == id_)).rowcount:
                raise _unknown(id_)


def _free(connection: sa.Connection, dataset: str, title: str, id_: str) -> None:
    if not 0 < len(title.strip()) <= LONGEST_TITLE:
        raise DataError(
            f"The name of a segment has 1 to {LONGEST_TITLE} characters, this one has {len(title.strip())}.",
            fix="Give it a name that says who is in it.",
        )
    same = (segments.c.dataset == dataset, segments.c.title == title.strip(), segments.c.id != id_)
    if connection.execute(sa.select(segments.c.id).where(*same)).first():
        raise DataError(f"There is a segment called {title.strip()!r} already.", fix="Choose another name.")


def _one(id_: str) -> sa.Select[Any]:
    return sa.select(segments).where(segments.c.id == id_)


def _values(kept: Kept) -> dict[str, Any]:
    return vars(kept) | {"mix": dict(kept.mix)}


def _record(row: Any) -> SegmentRecord:
    kept = None if row.kept is None else known(Kept, row.kept)
    definition = parse(row.definition)
    return SegmentRecord(row.id, row.dataset, row.title, definition, kept, row.created, row.changed)


def _unknown(id_: str) -> NotFoundError:
    return NotFoundError(f"There is no segment {id_!r}.", fix="Look at the list of saved segments.")

"""What was published to serve, in order, which of it serves now, and when that changed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.core.errors import NotFoundError
from reco_lab.store.database import Database
from reco_lab.store.schema import publications, settings

SERVING = "serving"
TURNS = "served"
MOST_TURNS = 1000
PUBLISHED, PROMOTED, ROLLED_BACK = "published", "promoted", "rolled back"


@dataclass(frozen=True)
class Publication:
    """One publication: its version as answers name it, what it was made of, and the artefact with its models."""

    number: int
    version: str
    spec: Mapping[str, Any]
    artefact: str | None
    created: datetime


@dataclass(frozen=True)
class Turn:
    """A publication began to serve: when, how (PUBLISHED, PROMOTED or ROLLED_BACK) and by whom, empty if not told."""

    number: int
    at: datetime
    how: str
    who: str = ""


@dataclass(frozen=True, eq=False)
class Publications:
    """Kept until they are forgotten; which one serves is a setting. Every method is one transaction."""

    database: Database
    clock: Clock

    def publish(
        self, version: str, spec: Mapping[str, Any], artefact: str | None, *, who: str = ""
    ) -> Publication:
        """Add a publication and let it serve."""
        with self.database.write() as connection:
            return let_serve(connection, self.clock.now(), version, spec, artefact, who=who)

    def rollback(self, *, who: str = "") -> Publication:
        """Let what served before the one that serves serve again; NotFoundError if there is none.

        That is the `parent` of its specification, or what is left before that: what somebody went back from, after
        the parent, comes only where nothing else is left.
        """
        with self.database.write() as connection:
            row = connection.execute(_before(connection)).one_or_none()
            if row is None:
                raise NotFoundError(
                    "There is no earlier publication to go back to.",
                    fix="Publish another model from the Ads page or with: reco-lab publish.",
                )
            _point(connection, Turn(int(row.number), self.clock.now(), ROLLED_BACK, who))
        return _publication(row)

    def serving(self) -> Publication | None:
        """The publication that serves; None before the first."""
        with self.database.read() as connection:
            number = serving_number(connection)
            row = None if number is None else connection.execute(_one(number)).one_or_none()
        return None if row is None else _publication(row)

    def get(self, number: int) -> Publication | None:
        """A publication; None where it is gone."""
        with self.database.read() as connection:
            row = connection.execute(_one(number)).one_or_none()
        return None if row is None else _publication(row)

    def history(self, limit: int | None = None, *, before: int | None = None) -> list[Publication]:
        """The publications (`before`: those with a lower number), newest first, at most `limit`."""
        query = sa.select(publications).order_by(publications.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(publications.c.number < before)
        with self.database.read() as connection:
            return [_publication(row) for row in connection.execute(query)]

    def forget(self, numbers: Collection[int]) -> None:
        """Remove publications, but never the one that serves."""
        with self.database.write() as connection:
            going = publications.c.number.in_(set(numbers) - {serving_number(connection)})
            connection.execute(publications.delete().where(going))

    def turns(self) -> list[Turn]:
        """When which publication began to serve, oldest first; no more than the last MOST_TURNS are kept."""
        with self.database.read() as connection:
            return [
                Turn(one["number"], datetime.fromisoformat(one["at"]), one["how"], one["who"])
                for one in _turns(connection)
            ]


def let_serve(
    connection: sa.Connection,
    now: datetime,
    version: str,
    spec: Mapping[str, Any],
    artefact: str | None,
    *,
    how: str = PUBLISHED,
    who: str = "",
) -> Publication:
    """Add a publication and let it serve, as part of a transaction."""
    row = {"version": version, "spec": dict(spec), "artefact": artefact, "created": now}
    newest = connection.execute(sa.select(sa.func.max(publications.c.number))).scalar()
    # never one that was forgotten: rounds, turns and the trail speak of publications by their numbers
    number = 1 + max(newest or 0, *(turn["number"] for turn in _turns(connection)), 0)
    connection.execute(publications.insert().values(row | {"number": number}))
    _point(connection, Turn(number, now, how, who))
    return _publication(connection.execute(_one(number)).one())


def serving_number(connection: sa.Connection) -> int | None:
    """The number of the publication that serves, as part of a transaction."""
    value = connection.execute(sa.select(settings.c.value).where(settings.c.name == SERVING)).scalar()
    return None if value is None else int(value)


def _one(number: int) -> sa.Select[Any]:
    return sa.select(publications).where(publications.c.number == number)


def _before(connection: sa.Connection) -> sa.Select[Any]:
    """What one goes back to from what serves."""
    number = serving_number(connection) or 0
    serving = connection.execute(_one(number)).one_or_none()
    parent = None if serving is None else serving.spec.get("parent")
    later = sa.case((publications.c.number > (number if parent is None else parent), 1), else_=0)
    query = sa.select(publications).where(publications.c.number < number)
    return query.order_by(later, publications.c.number.desc()).limit(1)


def _turns(connection: sa.Connection) -> list[dict[str, Any]]:
    query = sa.select(settings.c.value).where(settings.c.name == TURNS)
    return list(connection.execute(query).scalar() or [])


def _point(connection: sa.Connection, turn: Turn) -> None:
    told = {"number": turn.number, "at": turn.at.isoformat(), "how": turn.how, "who": turn.who}
    values = {SERVING: turn.number, TURNS: [*_turns(connection), told][-MOST_TURNS:]}
    connection.execute(settings.delete().where(settings.c.name.in_(values)))
    connection.execute(settings.insert(), [{"name": name, "value": value} for name, value in values.items()])


def _publication(row: Any) -> Publication:
    return Publication(row.number, row.version, row.spec, row.artefact, row.created)

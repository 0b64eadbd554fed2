"""What was published to serve, in order, and which of it serves now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.core.errors import NotFoundError
from reco_lab.store.database import Database
from reco_lab.store.schema import publications, settings

SERVING = "serving"


@dataclass(frozen=True)
class Publication:
    """One publication: its version as answers name it, what it was made of, and the artefact with its models."""

    number: int
    version: str
    spec: Mapping[str, Any]
    artefact: str | None
    created: datetime


@dataclass(frozen=True, eq=False)
class Publications:
    """Only ever added to; which one serves is a setting. Every method is one transaction."""

    database: Database
    clock: Clock

    def publish(self, version: str, spec: Mapping[str, Any], artefact: str | None) -> Publication:
        """Add a publication and let it serve."""
        row = {"version": version, "spec": dict(spec), "artefact": artefact, "created": self.clock.now()}
        with self.database.write() as connection:
            key = connection.execute(publications.insert().values(row)).inserted_primary_key
            number = int(key[0]) if key else 0
            _point(connection, number)
            return _publication(connection.execute(_one(number)).one())

    def rollback(self) -> Publication:
        """Let the publication before the one that serves serve again; NotFoundError if there is none."""
        with self.database.write() as connection:
            now = _serving(connection)
            query = sa.select(publications).where(publications.c.number < (now or 0))
            row = connection.execute(query.order_by(publications.c.number.desc()).limit(1)).one_or_none()
            if row is None:
                raise NotFoundError(
                    "There is no earlier publication to go back to.",
                    fix="Publish another model from the Ads page or with: reco-lab publish.",
                )
            _point(connection, int(row.number))
        return _publication(row)

    def serving(self) -> Publication | None:
        """The publication that serves; None before the first."""
        with self.database.read() as connection:
            number = _serving(connection)
            row = None if number is None else connection.execute(_one(number)).one_or_none()
        return None if row is None else _publication(row)

    def history(self, limit: int = 50) -> list[Publication]:
        """The publications, newest first."""
        query = sa.select(publications).order_by(publications.c.number.desc()).limit(limit)
        with self.database.read() as connection:
            return [_publication(row) for row in connection.execute(query)]


def _one(number: int) -> sa.Select[Any]:
    return sa.select(publications).where(publications.c.number == number)


def _serving(connection: sa.Connection) -> int | None:
    value = connection.execute(sa.select(settings.c.value).where(settings.c.name == SERVING)).scalar()
    return None if value is None else int(value)


def _point(connection: sa.Connection, number: int) -> None:
    connection.execute(settings.delete().where(settings.c.name == SERVING))
    connection.execute(settings.insert().values(name=SERVING, value=number))


def _publication(row: Any) -> Publication:
    return Publication(row.number, row.version, row.spec, row.artefact, row.created)

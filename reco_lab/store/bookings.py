"""The ads that are booked, as the database keeps them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from reco_lab.core.ads import Ad
from reco_lab.core.clock import Clock
from reco_lab.core.errors import NotFoundError
from reco_lab.store.database import Database
from reco_lab.store.schema import ads, settings

_MARK = "ads.changed"


@dataclass(frozen=True, eq=False)
class Bookings:
    """Ads by id. Every method is one transaction; any process may call any of them."""

    database: Database
    clock: Clock

    def ads(self) -> list[Ad]:
        """All of them, by id."""
        with self.database.read() as connection:
            specs = connection.execute(sa.select(ads.c.spec)).scalars()
            return sorted((Ad.model_validate(spec) for spec in specs), key=lambda ad: ad.id)

    def ad(self, id_: str) -> Ad | None:
        """One of them, None if there is none with this id."""
        with self.database.read() as connection:
            spec = connection.execute(sa.select(ads.c.spec).where(ads.c.id == id_)).scalar_one_or_none()
        return None if spec is None else Ad.model_validate(spec)

    def book(self, booked: Sequence[Ad]) -> None:
        """Keep ads, all or none, each in place of the one with its id."""
        rows = [
            {"id": ad.id, "spec": ad.model_dump(mode="json", exclude_defaults=True)} for ad in _last(booked)
        ]
        if not rows:
            return
        now = self.clock.now()
        with self.database.write() as connection:
            mine = ads.c.id == sa.bindparam("mine")
            connection.execute(ads.delete().where(mine), [{"mine": row["id"]} for row in rows])
            connection.execute(ads.insert(), [row | {"changed": now} for row in rows])
            self._mark(connection)

    def withdraw(self, id_: str) -> None:
        """Remove an ad; NotFoundError if there is none with this id."""
        with self.database.write() as connection:
            if not connection.execute(ads.delete().where(ads.c.id == id_)).rowcount:
                raise NotFoundError(f"There is no ad {id_!r}.", fix="Look at the list of ads for its id.")
            self._mark(connection)

    def changed(self) -> str:
        """A text that is another one after every change of any ad; cheap to ask for."""
        with self.database.read() as connection:
            return str(connection.execute(_marked()).scalar_one_or_none() or "")

    def _mark(self, connection: sa.Connection) -> None:
        before = str(connection.execute(_marked()).scalar_one_or_none() or "0 ")
        mark = f"{int(before.partition(' ')[0]) + 1} {self.clock.now().isoformat()}"
        connection.execute(settings.delete().where(settings.c.name == _MARK))
        connection.execute(settings.insert().values(name=_MARK, value=mark))


def _marked() -> sa.Select[tuple[str]]:
    return sa.select(settings.c.value).where(settings.c.name == _MARK)


def _last(booked: Iterable[Ad]) -> Iterable[Ad]:
    return {ad.id: ad for ad in booked}.values()

"""The keys that open the service: who holds one, what for and until when. Only hashes of them are kept."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.core.errors import NotFoundError
from reco_lab.store.database import Database
from reco_lab.store.schema import keys


class Scope(StrEnum):
    """What a key may do: ask for ads, tell what happened, change and erase."""

    serve = "serve"
    track = "track"
    admin = "admin"


@dataclass(frozen=True)
class KeyRecord:
    """A key as it stands in a list. `expires` is None for one that holds until it is revoked."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created: datetime
    expires: datetime | None
    revoked: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether it opens anything at this moment."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    def allows(self, scope: Scope) -> bool:
        """Whether it is good for this; an administrator's key is good for everything."""
        return scope in self.scopes or Scope.admin in self.scopes


@dataclass(frozen=True, eq=False)
class Keyring:
    """The keys of a workspace. Every method is one transaction; any process may call any of them."""

    database: Database
    clock: Clock

    def add(
        self, id_: str, digest: str, name: str, scopes: tuple[Scope, ...], expires: datetime | None
    ) -> KeyRecord:
        """Keep a new key by the hash of its text (64 hexadecimal digits)."""
        made = KeyRecord(id_, name, scopes, self.clock.now(), expires, None)
        row = {
            "id": id_,
            "name": name,
            "hash": digest,
            "scopes": [scope.value for scope in scopes],
            "created": made.created,
            "expires": expires,
        }
        with self.database.write() as connection:
            connection.execute(keys.insert().values(row))
        return made

    def keys(self) -> list[KeyRecord]:
        """Every key there ever was, newest first."""
        return [record for record, _ in self.digests()]

    def digests(self) -> list[tuple[KeyRecord, str]]:
        """Every key with its hash, newest first."""
        query = sa.select(keys).order_by(keys.c.created.desc(), keys.c.id)
        with self.database.read() as connection:
            return [(_record(row), row.hash) for row in connection.execute(query)]

    def key(self, id_: str) -> KeyRecord:
        """One key; NotFoundError if there is none of this id."""
        for record in self.keys():
            if record.id == id_:
                return record
        raise NotFoundError("There is no key with this id.", fix="List them: reco-lab keys list.")

    def revoke(self, id_: str) -> KeyRecord:
        """End a key now, for good; one that was revoked keeps its first moment. NotFoundError if there is none."""
        return self._end(id_, keys.c.revoked, self.clock.now())

    def expire(self, id_: str, at: datetime) -> KeyRecord:
        """Let a key end at a moment, unless it ends before; NotFoundError if there is none."""
        return self._end(id_, keys.c.expires, at)

    def _end(self, id_: str, column: sa.Column[datetime], at: datetime) -> KeyRecord:
        sooner = sa.or_(column.is_(None), column > at)
        with self.database.write() as connection:
            connection.execute(keys.update().where(keys.c.id == id_, sooner).values({column: at}))
        return self.key(id_)


def _record(row: sa.Row[tuple[object, ...]]) -> KeyRecord:
    scopes = tuple(Scope(scope) for scope in row.scopes)
    return KeyRecord(row.id, row.name, scopes, row.created, row.expires, row.revoked)

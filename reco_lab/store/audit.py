"""The audit trail: who did what to whom and when, only ever added to; a change to it is found out."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.store.database import Database
from reco_lab.store.durable import replaced
from reco_lab.store.locks import FileLock
from reco_lab.store.schema import audit, keepable

_BEGINNING = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One line of the trail. `subject` is a pseudonym, or empty where nobody is meant."""

    number: int
    at: datetime
    who: str
    what: str
    subject: str


@dataclass(frozen=True, eq=False)
class Audit:
    """Entries with a chain of keyed hashes over them: each seals itself and all before it.

    `seal` is a file apart from the database that knows the last entry, so that entries cut off at the end are
    missed as well. Whoever has both the database and the key can forge it, nobody else.
    """

    database: Database
    clock: Clock
    key: bytes
    seal: Path

    def add(self, who: str, what: str, subject: str = "") -> Entry:
        """Add an entry."""
        with self.database.write() as connection:
            query = sa.select(audit.c.number, audit.c.chain).order_by(audit.c.number.desc()).limit(1)
            last = connection.execute(query).one_or_none()
            number, before = (last.number + 1, last.chain) if last else (1, _BEGINNING)
            texts = [keepable(one) for one in (who, what, subject)]
            entry = Entry(number, self.clock.now(), *texts)
            chain = self._link(before, entry)
            connection.execute(audit.insert().values(vars(entry) | {"chain": chain}))
        self._sealed(number, chain)
        return entry

    def entries(self, limit: int = 100) -> list[Entry]:
        """The last entries, newest first."""
        query = sa.select(audit).order_by(audit.c.number.desc()).limit(limit)
        with self.database.read() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def problems(self) -> list[str]:
        """What was tampered with, in sentences; empty if nothing was."""
        with self.database.read() as connection:
            rows = connection.execute(sa.select(audit).order_by(audit.c.number)).all()
        chains = {0: _BEGINNING}
        found: list[str] = []
        for place, row in enumerate(rows, 1):
            if row.number != place:
                return [*found, f"Entry {place} of the audit trail is missing."]
            if not hmac.compare_digest(row.chain, self._link(chains[place - 1], _entry(row))):
                found.append(f"Entry {place} of the audit trail was changed.")
            chains[place] = row.chain
        return [*found, *self._unsealed(chains)]

    def _unsealed(self, chains: dict[int, str]) -> Iterator[str]:
        if not self.seal.exists():
            if len(chains) > 1:
                yield "The seal of the audit trail is missing."
            return
        number, chain = self._known()
        if number not in chains:
            yield f"The audit trail was cut off: {number:,} entries were sealed, {len(chains) - 1:,} are there."
        elif chains[number] != chain:
            yield f"Entry {number} of the audit trail is not the one that was sealed."

    def _sealed(self, number: int, chain: str) -> None:
        with FileLock(self.seal.with_suffix(".lock")):
            if self._known()[0] < number:
                with replaced(self.seal) as draft:
                    draft.write_text(f"{number} {chain}\n", "ascii")

    def _known(self) -> tuple[int, str]:
        parts = self.seal.read_text("ascii", "replace").split() if self.seal.exists() else []
        return (int(parts[0]), parts[1]) if len(parts) == 2 and parts[0].isdecimal() else (0, "")

    def _link(self, before: str, entry: Entry) -> str:
        content = [before, entry.number, entry.at.isoformat(), entry.who, entry.what, entry.subject]
        return hmac.digest(self.key, json.dumps(content).encode(), hashlib.sha256).hex()


def last(database: Database, beginning: str) -> int:
    """The number of the last entry that says so, by how its words begin; 0 where none does."""
    query = sa.select(sa.func.max(audit.c.number)).where(audit.c.what.startswith(beginning, autoescape=True))
    with database.read() as connection:
        return int(connection.execute(query).scalar() or 0)


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(row.number, row.at, row.who, row.what, row.subject)

"""What is done again and again: each with what is wanted of it, and the moment of its next run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.store.database import Database
from reco_lab.store.schema import schedules


@dataclass(frozen=True)
class ScheduleRecord:
    """One schedule; `next_run` is None while it is off, `last_run` before the first."""

    name: str
    spec: Mapping[str, Any]
    next_run: datetime | None
    last_run: datetime | None


@dataclass(frozen=True, eq=False)
class Schedules:
    """Every method is one transaction; of several processes that look, one alone takes a run."""

    database: Database
    clock: Clock

    def get(self, name: str) -> ScheduleRecord | None:
        """A schedule; None where nobody set it."""
        with self.database.read() as connection:
            row = connection.execute(_one(name)).one_or_none()
        return None if row is None else _record(row)

    def set(self, name: str, spec: Mapping[str, Any], next_run: datetime | None) -> None:
        """Say what is wanted and when it runs next (None: never); when it ran last stays known."""
        values = {"spec": dict(spec), "next_run": next_run}
        with self.database.write() as connection:
            there = connection.execute(_one(name)).one_or_none()
            mine = schedules.update().where(schedules.c.name == name)
            connection.execute((mine if there else schedules.insert()).values(values | {"name": name}))

    def take(self, was: ScheduleRecord, next_run: datetime) -> bool:
        """Take the run that is due and set the next; False where another process took it."""
        mine = (schedules.c.name == was.name, schedules.c.next_run == was.next_run)
        values = {"next_run": next_run, "last_run": self.clock.now()}
        with self.database.write() as connection:
            return connection.execute(schedules.update().where(*mine).values(values)).rowcount > 0


def _one(name: str) -> sa.Select[Any]:
    return sa.select(schedules).where(schedules.c.name == name)


def _record(row: Any) -> ScheduleRecord:
    return ScheduleRecord(row.name, row.spec, row.next_run, row.last_run)

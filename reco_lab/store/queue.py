"""The queue of long work: rows in the store that survive reruns, restarts and dead workers."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.core.errors import NotFoundError
from reco_lab.store.database import Database
from reco_lab.store.records import Job, JobState
from reco_lab.store.schema import LIVE, jobs

DIED_TWICE = (
    "The worker process died twice while doing this, most likely because the machine ran out of memory. "
    "Try fewer or smaller models, or a smaller part of the data."
)


@dataclass(frozen=True, eq=False)
class Queue:
    """Jobs: submitted by anybody, claimed by a worker, watched by everybody.

    What `claim` returned is the proof of the claim: `progress`, `finish`, `fail` and `stop` do nothing and
    answer False once the job was taken from that worker.
    """

    database: Database
    clock: Clock
    guard: Callable[[], None] = lambda: None

    def submit(self, kind: str, payload: Mapping[str, Any], *, key: str | None = None) -> str:
        """Queue a job and return its id; if a live job has the same key, that one's id instead.

        Raises what `guard` raises where nothing new may be begun, such as on a disk that is nearly full.
        """
        self.guard()
        id_ = uuid.uuid4().hex[:12]
        values = {
            "id": id_,
            "kind": kind,
            "payload": dict(payload),
            "key": key,
            "submitted": self.clock.now(),
            "attempts": 0,
            "interrupted": 0,
            "error": "",
            "reference": "",
        }
        try:
            with self.database.write() as connection:
                connection.execute(jobs.insert().values(values | _waiting("Waiting for its turn")))
        except sa.exc.IntegrityError:
            return self._live(key) or self.submit(kind, payload, key=key)
        return id_

    def get(self, id_: str) -> Job:
        """The job as it stands now; NotFoundError if there is none with this id."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(jobs).where(jobs.c.id == id_)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no job {id_!r}.", fix="It may belong to another workspace.")
        return self._job(row)

    def recent(self, limit: int = 20) -> list[Job]:
        """The latest jobs, newest first."""
        query = sa.select(jobs).order_by(jobs.c.number.desc()).limit(limit)
        with self.database.read() as connection:
            return [self._job(row) for row in connection.execute(query)]

    def latest(self, key: str) -> Job | None:
        """The latest job with this key, live or over."""
        query = sa.select(jobs).where(jobs.c.key == key).order_by(jobs.c.number.desc()).limit(1)
        with self.database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else self._job(row)

    def waiting(self) -> bool:
        """Whether a job waits for a worker."""
        with self.database.read() as connection:
            return connection.execute(_first_queued()).first() is not None

    def cancel(self, id_: str) -> Job:
        """Cancel a waiting job at once, ask for a running one to be stopped; leave one that is over alone."""
        asked = {"cancelling": True, "message": "Stopping"}
        with self.database.write() as connection:
            mine = jobs.update().where(jobs.c.id == id_)
            connection.execute(mine.where(jobs.c.state == JobState.running).values(asked))
            connection.execute(mine.where(jobs.c.state == JobState.queued).values(self._over("cancelled")))
        return self.get(id_)

    def claim(self, worker: str) -> Job | None:
        """Take the job that has waited longest; None if there is none. No two workers get the same."""
        now = self.clock.now()
        with self.database.write() as connection:
            row = connection.execute(_first_queued().with_for_update(skip_locked=True)).one_or_none()
            if row is None:
                return None
            begun = {
                "state": JobState.running,
                "worker": worker,
                "attempts": row.attempts + 1,
                "started": now,
                "message": "Starting",
            }
            connection.execute(jobs.update().where(jobs.c.id == row.id).values(begun))
        return self.get(row.id)

    def progress(self, claim: Job, fraction: float, message: str) -> bool:
        """Note how far the work is (0 to 1, never backwards)."""
        forward = sa.case((jobs.c.fraction > fraction, jobs.c.fraction), else_=min(max(fraction, 0.0), 1.0))
        return self._update(claim, {"fraction": forward, "message": message})

    def finish(self, claim: Job, result: Mapping[str, Any]) -> bool:
        """End the job well."""
        return self._update(claim, self._over("done") | {"fraction": 1.0, "result": dict(result)})

    def fail(self, claim: Job, sentence: str, reference: str = "") -> bool:
        """End the job with a sentence for a person and where the log tells more."""
        return self._update(claim, self._over("failed") | {"error": sentence, "reference": reference})

    def stop(self, claim: Job) -> bool:
        """End a job that was cancelled while it ran."""
        return self._update(claim, self._over("cancelled"))

    def reap(self) -> list[str]:
        """Deal with the running jobs, for whoever knows that no worker lives; the ids of those jobs.

        A job to be cancelled is cancelled, a job whose worker died the first time is queued again, and the
        second time it fails.
        """
        running = sa.select(jobs).where(jobs.c.state == JobState.running)
        with self.database.write() as connection:
            rows = connection.execute(running.with_for_update()).all()
            for row in rows:
                connection.execute(jobs.update().where(jobs.c.id == row.id).values(self._after_death(row)))
        return [row.id for row in rows]

    def over_before(self, moment: datetime) -> list[str]:
        """The ids of the jobs that were over before a moment."""
        query = sa.select(jobs.c.id).where(jobs.c.state.not_in(LIVE), jobs.c.finished < moment)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(jobs.c.number)).scalars())

    def forget(self, ids: Iterable[str]) -> None:
        """Remove jobs that are over for good."""
        with self.database.write() as connection:
            for id_ in ids:
                connection.execute(jobs.delete().where(jobs.c.id == id_, jobs.c.state.not_in(LIVE)))

    def _after_death(self, row: sa.Row[Any]) -> dict[str, Any]:
        counted = {"interrupted": row.interrupted + 1}
        if row.cancelling:
            return self._over("cancelled")
        if row.interrupted:
            return counted | self._over("failed") | {"error": DIED_TWICE}
        return counted | _waiting("The worker died; the job is taken up again")

    def _over(self, state: str) -> dict[str, Any]:
        return {"state": state, "finished": self.clock.now(), "message": "", "cancelling": False}

    def _update(self, claim: Job, values: Mapping[str, Any]) -> bool:
        held = (
            jobs.c.id == claim.id,
            jobs.c.attempts == claim.attempts,
            jobs.c.state == JobState.running,
        )
        with self.database.write() as connection:
            return connection.execute(jobs.update().where(*held).values(values)).rowcount > 0

    def _live(self, key: str | None) -> str | None:
        query = sa.select(jobs.c.id).where(jobs.c.key == key, jobs.c.state.in_(LIVE))
        with self.database.read() as connection:
            found: str | None = connection.execute(query).scalar_one_or_none()
        return found

    def _job(self, row: sa.Row[Any]) -> Job:
        hidden = {"number", "state"}
        values = {name: value for name, value in row._mapping.items() if name not in hidden}  # noqa: SLF001 - a row's documented mapping
        left = seconds_left(row.fraction, row.started, self.clock.now()) if row.state == "running" else None
        return Job(**values, state=JobState(row.state), seconds_left=left)


def seconds_left(fraction: float, started: datetime | None, now: datetime) -> tuple[float, float] | None:
    """A range for the seconds left, supposing steady progress; None while too little is known.

    It narrows from half to twice the plain estimate at the beginning to the estimate at the end.
    """
    elapsed = (now - started).total_seconds() if started else 0.0
    if fraction < 0.03 or elapsed < 1.0:
        return None
    plain, doubt = elapsed * (1.0 - fraction) / fraction, 1.0 - fraction
    return plain * (1.0 - 0.5 * doubt), plain * (1.0 + doubt)


def _first_queued() -> sa.Select[Any]:
    return sa.select(jobs).where(jobs.c.state == JobState.queued).order_by(jobs.c.number).limit(1)


def _waiting(message: str) -> dict[str, Any]:
    return {
        "state": JobState.queued,
        "message": message,
        "fraction": 0.0,
        "cancelling": False,
        "worker": "",
        "started": None,
    }

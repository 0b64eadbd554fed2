"""The log of decisions and events: what was decided for whom, and what came of it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from reco_lab.core.clock import Clock, microseconds
from reco_lab.core.errors import FullError, InputError, NotNowError
from reco_lab.core.events import Decision, Feedback, Visit
from reco_lab.store.events.by_customer import ByCustomer
from reco_lab.store.events.connecting import LOCK, writing
from reco_lab.store.events.erasing import erase
from reco_lab.store.events.expiring import expire
from reco_lab.store.events.journal import FOLDER, Journal
from reco_lab.store.events.learning import remember
from reco_lab.store.events.measuring import Measuring
from reco_lab.store.events.putting_back import finish
from reco_lab.store.events.records import LONGEST_PAYLOAD, Description, Refusal, Side, Tracked
from reco_lab.store.events.replaying import replay
from reco_lab.store.events.writer import Writer
from reco_lab.store.locks import FileLock

BEGINNING = "events.beginning.lock"
FLUSH_SECONDS = 2.0


class EventLog(ByCustomer, Measuring):
    """The log of one workspace; open it once in a process.

    On SQLite it is `events.db`, which one process writes and any may read. On PostgreSQL several may write.
    """

    def __init__(self, home: Path, clock: Clock, url: str | None, *, writer: bool) -> None:
        super().__init__(home, url, clock)
        self.durable_server = url is not None
        self._lock: FileLock | None = None
        self._writer: Writer | None = None
        if not writer:
            return
        if url is None:
            self._lock = FileLock(home / LOCK)
            if not self._lock.acquire():
                raise InputError(
                    "Ads are already served by another process, and only one can write this log.",
                    where=str(home / LOCK),
                    fix="Stop the other one, or use PostgreSQL, where several may write.",
                )
        try:
            if url is None:
                finish(home)
            self._writing = writing(home, url)
            with FileLock(home / BEGINNING):  # nobody takes over a journal that is not locked yet
                journal = Journal(home / FOLDER)
                journal.adopt()
            self._writer = Writer(self._writing, journal, clock)
        except BaseException:
            self._let_go()
            raise

    @classmethod
    def open(cls, home: Path, clock: Clock, url: str | None = None, *, writer: bool) -> Self:
        """Open the log of a workspace's folder, at `url` instead if there is a server.

        Who writes keeps others from writing on SQLite, and takes over what a process that died left in its
        journal. Raises InputError if another process writes, the server does not answer, or a newer Reco Lab
        made the tables.
        """
        return cls(home, clock, url, writer=writer)

    def log(self, decision: Decision) -> None:
        """Log a decision: at once in the journal, which outlives this process, and soon in the tables."""
        self._write.log(decision)

    def track(self, events: Sequence[Feedback]) -> "Future[Tracked]":
        """Count what came of decisions, each event once for ever; resolved when it is safely on the disk.

        Refused and kept apart are events of unknown decisions, from more than 5 minutes in the future or before
        their decision, older than 90 days, and other content under a known event id. While the database is gone,
        what is not refused at sight counts as accepted; it is looked at when the database is back.
        Raises FullError where too many events wait already.
        """
        return self._write.put(events)

    def visit(self, visits: Sequence[Visit]) -> "Future[Tracked]":
        """Keep what customers did to items, each event once as long as the log knows it; otherwise as `track`."""
        return self._write.put(visits)

    def refuse(self, raw: Sequence[tuple[str, str]]) -> None:
        """Keep texts apart that are no events, each with the reason."""
        now = self._clock.now()
        self._write.put([Refusal(now, "raw", "", text[:LONGEST_PAYLOAD], reason) for text, reason in raw])

    def describe(self, side: Side, id_: str, attributes: Mapping[str, str]) -> "Future[Tracked]":
        """Keep the attributes of a customer or an item; they replace all that were told before."""
        return self._write.put([Description(side, id_, dict(attributes), self._clock.now())])

    def replay(self) -> Tracked:
        """Try the events that were kept apart once more, each counted once for ever as before."""
        done: Tracked = self._write.do(replay).result()
        return done

    def remember(self, name: str, upto: int, arrays: bytes) -> None:
        """Keep what a learner knows of all that happened before a moment (microseconds)."""
        at = microseconds(self._clock.now())

        def keep(engine: sa.Engine) -> None:
            with engine.begin() as connection:
                remember(connection, name, upto, arrays, at)

        self._write.do(keep).result()

    def flush(self) -> None:
        """Wait until all that was written here so far is in the tables; NotNowError while it cannot be."""
        if self._writer is None:
            return
        try:
            self._writer.do(lambda _engine: None).result(FLUSH_SECONDS)
        except (FullError, TimeoutError) as error:
            raise NotNowError("The log is behind.", fix="Try again soon.") from error

    def erase(self, customer: str, ids: Sequence[str] = ()) -> int:
        """Remove all that is known of a customer from tables, files and journal; how many rows that were.

        `ids` are other names of hers, under which texts that were refused may speak of her.
        """
        rows: int = self._write.do(lambda engine: erase(engine, customer, ids)).result()
        return rows

    def expire(self, before: datetime) -> int:
        """Remove decisions, what came of them, visits and refused events from before a moment; how many rows.

        Events from so long ago are refused when they are sent again with their time (see `track`), if that is more
        than 90 days. Sent without it a visit is a new one: nothing is left that would tell.
        """
        rows, moment = 0, microseconds(before)
        while removed := self._write.do(lambda engine: expire(engine, moment)).result():
            rows += int(removed)
        return rows

    def healthy(self) -> str:
        """What is wrong at the moment, as a sentence; empty if nothing."""
        return self._writer.trouble if self._writer else ""

    def close(self) -> None:
        """Write what waits, and let others write."""
        if self._writer is not None:
            self._writer.close()
        super().close()
        self._let_go()

    @property
    def _write(self) -> Writer:
        if self._writer is None:
            raise InputError("This log was opened for reading only.")
        return self._writer

    def _let_go(self) -> None:
        engine: sa.Engine | None = getattr(self, "_writing", None)
        if engine is not None:
            engine.dispose()
        if self._lock is not None:
            self._lock.release()

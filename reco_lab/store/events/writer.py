"""The one that writes: a thread that commits what came meanwhile in one go, and keeps it when the database is gone."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from reco_lab.core.clock import Clock
from reco_lab.core.errors import FullError, NotNowError
from reco_lab.core.events import Decision, Unbilled
from reco_lab.store.events.applying import NEW, Event, apply, refusal, tracked
from reco_lab.store.events.journal import SEGMENT_BYTES, Entry, Journal, entries, line
from reco_lab.store.events.records import Batch, Parcel, Refusal, fault

MOST_WAITING = 20_000
MOST_AT_ONCE = 5_000
MOST_DECISIONS = 100_000
DECISIONS_WAIT = 0.5
TRY_AGAIN = 0.5
CLOSING = 30.0
GONE = "The database of the log does not answer; what comes in is kept in a journal until it does."
FULL = "More events wait than can be kept; some are turned away."
NO_FILE = "No file can be opened: the disk is full, or too many are open. What comes in is kept where there is room."
UNKEPT = "The disk is full: events are turned away, and decisions are not logged."


class Writer:
    """Takes decisions and events from any thread; one thread of its own writes them.

    A decision is in the journal before `log` returns. An event's future is resolved once it is committed, or,
    while the database is gone, once it is in the journal and the journal on the disk; it is applied when the
    database is back. Everything may be applied twice without being counted twice.
    """

    def __init__(self, engine: sa.Engine, journal: Journal, clock: Clock) -> None:
        self._engine, self._journal, self._clock = engine, journal, clock
        self._change = threading.Condition()
        self._decisions: list[Decision] = []
        self._parcels: list[Parcel] = []
        self._waiting = self._lost = 0
        self._closing = self._turned_away = False
        self._trouble = ""
        self._behind = bool(journal.closed)  # something is in the journal alone
        self._drained: tuple[Path | None, int] = (None, 0)
        self._again_at = 0.0
        if self._behind:
            self._drain()
        self._thread = threading.Thread(target=self._run, name="event log", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str:
        """What is wrong at the moment, as a sentence; empty if nothing."""
        if self._lost:
            return UNKEPT
        return self._trouble or (FULL if self._turned_away else "")

    def log(self, decision: Decision) -> None:
        """Write a decision into the journal, and into the tables soon."""
        written = line(decision)
        with self._change:
            try:
                self._journal.append(written)
            except OSError:
                self._lost, self._behind = self._lost + 1, True
                return
            if len(self._decisions) < MOST_DECISIONS:
                self._decisions.append(decision)
            else:
                self._behind = True
            if len(self._decisions) == 1:
                self._change.notify()

    def put(self, events: Sequence[Event | Any]) -> "Future[Any]":
        """Have events written. Raises FullError where too many wait already."""
        return self._queue(Parcel(tuple(events), _promise()))

    def do(self, deed: Callable[[sa.Engine], Any]) -> "Future[Any]":
        """Have something done by the one that writes, after all that came before and with nothing in the journal."""
        return self._queue(Parcel((), _promise(), deed))

    def close(self) -> None:
        """Write what waits and stop; what cannot be written stays in the journal."""
        with self._change:
            if self._closing:
                return
            self._closing = True
            self._change.notify()
        self._thread.join(CLOSING)
        self._journal.close()

    def _queue(self, parcel: Parcel) -> "Future[Any]":
        with self._change:
            if self._closing:
                raise FullError("The log is closing.", 1.0)
            full = self._waiting + len(parcel.events) > MOST_WAITING and self._waiting > 0
            self._turned_away = full or self._journal.full
            if self._turned_away:
                raise FullError(FULL, 1.0)
            self._parcels.append(parcel)
            self._waiting += len(parcel.events)
            self._change.notify()
        return parcel.future

    def _run(self) -> None:
        while self._wait():
            batch, closed = self._take()
            try:
                if self._behind:
                    self._keep(batch)
                    self._drain()
                else:
                    self._commit(batch, closed)
            except Exception as error:  # noqa: BLE001 - without this thread everybody would wait for ever
                self._fail()
                for parcel in batch.parcels:
                    if not parcel.future.done():
                        parcel.future.set_exception(error)

    def _wait(self) -> bool:
        """Wait for something to do; False when everything is done and nothing more will come."""
        with self._change:
            if self._behind:
                pause = max(0.0, self._again_at - time.monotonic())
                self._change.wait_for(lambda: self._parcels or self._closing, pause)
                return not self._closing or bool(self._parcels)
            self._change.wait_for(lambda: self._parcels or self._decisions or self._closing)
            if not self._parcels and not self._closing:
                self._change.wait_for(lambda: self._parcels or self._closing, DECISIONS_WAIT)
            return bool(self._parcels or self._decisions or self._behind)

    def _take(self) -> tuple[Batch, list[Path]]:
        """What is written next, and the segments whose content is then in the tables."""
        with self._change:
            taken, size = 0, 0
            for parcel in self._parcels:
                if taken and size + len(parcel.events) > MOST_AT_ONCE:
                    break
                taken, size = taken + 1, size + len(parcel.events)
            batch = Batch(self._decisions, self._parcels[:taken])
            self._decisions, self._parcels = [], self._parcels[taken:]
            self._waiting -= size
            if self._journal.size > SEGMENT_BYTES or any(parcel.deed for parcel in batch.parcels):
                try:
                    self._journal.rotate()
                except OSError:
                    self._fail(NO_FILE)
            return batch, list(self._journal.closed)

    def _commit(self, batch: Batch, closed: list[Path]) -> None:
        told = [parcel for parcel in batch.parcels if parcel.deed is None]
        try:
            answers = self._apply(batch.decisions, told)
        except (sa.exc.SQLAlchemyError, OSError):
            self._fail()
            self._keep(batch)
            return
        with suppress(OSError):  # what cannot be removed now is with the next
            self._forget(closed)
        self._turned_away = False
        for parcel, answer in zip(told, answers, strict=True):
            _resolve(parcel, answer)
        for parcel in batch.parcels:
            if parcel.deed is not None:
                self._perform(parcel)

    def _apply(self, decisions: Sequence[Decision], parcels: Sequence[Parcel]) -> list[Any]:
        """Apply in one transaction; if one thing among them is to blame, one at a time without it."""
        if not decisions and not parcels:
            return []
        if parcels and any(isinstance(one, Unbilled) for one in decisions):
            self._apply(decisions, [])  # bills are locked last in a transaction: no writer waits in a circle
            decisions = []
        try:
            with self._engine.begin() as connection:
                return apply(connection, decisions, parcels)
        except (sa.exc.DataError, sa.exc.IntegrityError, ValueError, TypeError, OverflowError) as error:
            if parcels and len(decisions) + len(parcels) == 1:
                return [error]
            if len(decisions) == 1:
                apart = line(decisions[0]).decode(errors="replace")
                reason = f"The database does not take it ({type(error).__name__})."
                told = Refusal(self._clock.now(), "decision", decisions[0].customer, apart, reason)
                return self._apply([], [Parcel((told,), _promise())])
        for decision in decisions:
            self._apply([decision], [])
        return [answer for parcel in parcels for answer in self._apply([], [parcel])]

    def _perform(self, parcel: Parcel) -> None:
        assert parcel.deed is not None  # noqa: S101 - only such parcels get here
        try:
            _resolve(parcel, parcel.deed(self._engine))
        except Exception as error:  # noqa: BLE001 - whoever waits for it is told
            parcel.future.set_exception(error)

    def _fail(self, trouble: str = GONE) -> None:
        self._trouble, self._behind = trouble, True
        self._again_at = time.monotonic() + TRY_AGAIN
        self._engine.dispose()  # after a failure nothing is known of the connection: begin with a new one

    def _keep(self, batch: Batch) -> None:
        """Put events into the journal and on the disk; decisions are there already."""
        for parcel in batch.parcels:
            if parcel.deed is not None:
                parcel.future.set_exception(NotNowError(GONE, fix="Try again when the database is back."))
        told = [parcel for parcel in batch.parcels if parcel.deed is None]
        outcomes = [
            [fault(one) if isinstance(one, Event) else NEW for one in parcel.events] for parcel in told
        ]
        written = b"".join(
            line(refusal(event, reason) if reason and isinstance(event, Event) else event)
            for parcel, reasons in zip(told, outcomes, strict=True)
            for event, reason in zip(parcel.events, reasons, strict=True)
        )
        if not told:
            return
        try:
            with self._change:
                self._journal.append(written)
            self._journal.sync()
        except OSError:
            for parcel in told:
                parcel.future.set_exception(FullError(UNKEPT, 5.0))
            return
        for parcel, reasons in zip(told, outcomes, strict=True):
            _resolve(parcel, tracked(reasons))

    def _drain(self) -> None:
        """Apply what is in the journal alone, if the database is back."""
        if time.monotonic() < self._again_at:
            return
        with self._change:
            self._behind = False
            try:
                self._journal.rotate()
            except OSError:
                self._fail(NO_FILE)
                return
            closed = list(self._journal.closed)
        try:
            for segment in closed:
                self._replay(segment)
                self._forget([segment])
        except (sa.exc.SQLAlchemyError, OSError):
            self._fail()
            return
        self._trouble, self._lost, self._turned_away = "", 0, False

    def _replay(self, segment: Path) -> None:
        begun = self._drained[1] if self._drained[0] == segment else 0
        found = islice(entries(segment), begun, None)
        while chunk := list(islice(found, MOST_AT_ONCE)):
            self._apply_entries(chunk)
            begun += len(chunk)
            self._drained = (segment, begun)

    def _apply_entries(self, chunk: list[Entry]) -> None:
        decisions = [entry for entry in chunk if isinstance(entry, Decision)]
        parcels = [Parcel((entry,), _promise()) for entry in chunk if not isinstance(entry, Decision)]
        self._apply(decisions, parcels)

    def _forget(self, segments: list[Path]) -> None:
        with self._change:
            self._journal.forget(segments)


def _promise() -> "Future[Any]":
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()  # what was sent is written, whoever stops waiting for it
    return future


def _resolve(parcel: Parcel, answer: Any) -> None:
    if isinstance(answer, Exception):
        parcel.future.set_exception(answer)
    else:
        parcel.future.set_result(answer)

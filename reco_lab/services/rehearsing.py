"""The rehearsal as it happens: a service, customers who visit it, and a clock that drives both, for some minutes."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event

from reco_lab.core.clock import RunningClock
from reco_lab.core.errors import InputError
from reco_lab.core.progress import Report
from reco_lab.jobs.handlers import thread_limits
from reco_lab.services import ad_calls
from reco_lab.services.rehearsal import LOCK, STOP, TRAFFIC, Asked, Phase, Status
from reco_lab.services.rehearsal_acts import STORY, Acts
from reco_lab.services.rehearsal_room import SHOP, folder, prepare
from reco_lab.store.locks import FileLock
from reco_lab.store.own_time import keep_clock
from reco_lab.workspace import Workspace

PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 0.2
GRACE_SECONDS = 15.0
MOST_STARTS = 5


def rehearse(workspace: Workspace, asked: Asked, report: Report, stop: Event | None = None) -> Status:
    """Play a rehearsal from its beginning to its end, and return how it ended.

    It ends by itself after its minutes, when `stop` is set, or when somebody asks for it (`rehearsal.stop`). Raises
    InputError where one is at work already.
    """
    home = folder(workspace)
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / LOCK)
    if not lock.acquire(timeout=1.0):
        raise InputError("A rehearsal is at work already.", where=str(home), fix="Stop it first.")
    try:
        (home / STOP).unlink(missing_ok=True)
        return _Rehearsal(workspace, home, asked, stop or Event()).play(report)
    finally:
        lock.release()


@dataclass(eq=False)
class _Rehearsal:
    workspace: Workspace
    home: Path
    asked: Asked
    stop: Event
    room: str = field(default_factory=lambda: f"{SHOP}-{uuid.uuid4().hex[:8]}")
    children: list["_Child"] = field(default_factory=list)

    def play(self, report: Report) -> Status:
        self._note(Phase.preparing, "Setting up a demo shop of its own")
        try:
            for left in (TRAFFIC, STORY):
                (self.home / left).unlink(missing_ok=True)
            room = prepare(self.workspace, self.room, partial(self._prepared, report))
            with self._playing(room):
                shown, seconds = room.clock.now(), 60 * self.asked.minutes
                clock = RunningClock.started(shown, self.asked.rate, seconds)
                keep_clock(room.home, clock)
                acts = Acts(room, self.home / STORY)
                acts.begin()
                self._until_over(clock, acts)
                keep_clock(room.home, clock.stopped())
                acts.end()
            room.close()
        except InputError as error:
            if not self._asked_to_stop:
                return self._note(Phase.failed, str(error))
        except Exception as error:
            self._note(Phase.failed, f"The log has it under {self.workspace.log.reference(error)}.")
            raise
        return self._note(Phase.over, "Stopped." if self._asked_to_stop else "It ran its time.")

    def _prepared(self, report: Report, fraction: float, said: str) -> None:
        self._note(Phase.preparing, said)
        report(fraction, said)

    @contextmanager
    def _playing(self, room: Workspace) -> Iterator[None]:
        try:
            self._note(Phase.preparing, "Starting its service")
            service = self._begin("service", room, _serve_words(self.asked.port))
            url = self._address(room, service)
            note = self.home / TRAFFIC
            words = ["-m", "reco_lab.services.visitors", "--home", str(room.home), "--url", url]
            words += ["--note", str(note), "--seed", str(self.asked.seed)]
            self._note(Phase.preparing, "Waking the customers")
            visitors = self._begin("visitors", room, words)
            self._until(note.exists, visitors)
            self._note(Phase.running, "", url)
            service.words = _serve_words(
                int(url.rpartition(":")[2])
            )  # should it die, it comes back where it was
            yield
        finally:
            for child in reversed(self.children):
                child.end()

    def _begin(self, name: str, room: Workspace, words: Sequence[str]) -> "_Child":
        child = _Child(name, list(words), room.home, self.home / f"{name}.txt")
        self.children.append(child)
        child.start()
        return child

    def _address(self, room: Workspace, service: "_Child") -> str:
        """Where the service answers, once it does."""
        url: str | None = None

        def answers() -> bool:
            nonlocal url
            url = ad_calls.address(room, "")
            return url is not None

        self._until(answers, service)  # on a slow machine some time after it noted where
        if url is None:
            raise InputError("The service does not answer.", where=str(service.log))
        return url

    def _until(self, ready: Callable[[], bool], child: "_Child") -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not ready() and not self._asked_to_stop:
            if time.monotonic() > until:
                raise InputError(f"The {child.name} did not begin in time.", where=str(child.log))
            child.keep_alive()
            self.stop.wait(LOOK_SECONDS)

    def _until_over(self, clock: RunningClock, acts: Acts) -> None:
        while not (clock.over or self._asked_to_stop):
            acts.tick()
            for child in self.children:
                child.keep_alive()
            self.stop.wait(LOOK_SECONDS)

    @property
    def _asked_to_stop(self) -> bool:
        return self.stop.is_set() or (self.home / STOP).exists()

    def _note(self, phase: Phase, said: str, url: str = "") -> Status:
        status = Status(phase=phase, said=said, room=self.room, asked=self.asked, url=url)
        status.keep(self.home)
        return status


@dataclass(eq=False)
class _Child:
    """A process that is started again when it dies, and that ends when this one does."""

    name: str
    words: list[str]
    home: Path
    log: Path
    starts: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.starts += 1
        own = {"RECO_LAB_HOME": str(self.home), "RECO_LAB_DEMO": "0"}
        with self.log.open("a") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                [sys.executable, *self.words],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=os.environ | thread_limits() | own,
            )

    def keep_alive(self) -> None:
        """Start it again if it died; InputError where that helps nothing."""
        if self.process is not None and self.process.poll() is not None:
            if self.starts >= MOST_STARTS:
                raise InputError(f"The {self.name} ended {self.starts} times.", where=str(self.log))
            self.start()

    def end(self) -> None:
        """Let it finish what it began."""
        if self.process is None or self.process.stdin is None:
            return
        self.process.stdin.close()
        try:
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _serve_words(port: int) -> list[str]:
    return ["-m", "reco_lab.cli", "serve", "--demo", "--attached", "--port", str(port)]

"""Keeps one warm child at work: hands it jobs, stops it on a cancel, replaces it when it dies."""

import json
import os
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from reco_lab.core.clock import SystemClock
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.jobs.handlers import thread_limits
from reco_lab.store.database import Database
from reco_lab.store.disk import lay_ballast
from reco_lab.store.locks import FileLock
from reco_lab.store.log import Log
from reco_lab.store.own_time import server_of
from reco_lab.store.queue import Queue
from reco_lab.store.records import Job, JobState

POLL_SECONDS = 0.1
CHECKPOINT_SECONDS = 30.0
GRACE_SECONDS = 0.4
RETRY_SECONDS = 1.0


@dataclass
class Supervisor:
    """One per workspace, kept so by a lock file. It imports no heavy library and does no work itself.

    It ends when it is idle for long enough, when it is told to, or when its workspace was removed.
    """

    home: Path
    handlers: str
    idle_seconds: float
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _child: subprocess.Popen[str] | None = None
    _job: Job | None = None
    _asked: float | None = None
    _checkpoint: float = 0.0

    def run(self) -> bool:
        """Work until idle for long enough; False if another supervisor keeps the lock."""
        lock = FileLock(lock_path(self.home))
        if not lock.acquire(timeout=1.0):
            return False
        clock = SystemClock()
        self._database = Database.open(self.home, server_of(self.home))
        log = Log(self.home / "log", clock, secrets=self._database.secrets)
        self._log = log.bind(supervisor=self.name)
        self._queue = Queue(self._database, clock)
        try:
            self._log.info("supervisor begins", pid=os.getpid())
            lay_ballast(self.home)
            self._taken_up(self._queue.reap())
            self._loop()
        finally:
            self._leave()
            lock.release()
        return True

    def _loop(self) -> None:
        self._child = self._spawn()
        wanted, since = self._wanted(), time.monotonic()
        while time.monotonic() - since < self.idle_seconds and lock_path(self.home).exists():
            self._try_tick()
            if self._job is not None or self._wanted() != wanted:
                wanted, since = self._wanted(), time.monotonic()
            time.sleep(POLL_SECONDS)

    def _try_tick(self) -> None:
        try:
            self._tick()
        except NotFoundError:  # a restore took the job away
            self._kill()
            self._job = None
        except InputError as error:  # the disk is full or the database server is gone, and both may pass
            self._log.warning("the worker waits", why=str(error))
            time.sleep(RETRY_SECONDS)

    def _tick(self) -> None:
        now = time.monotonic()
        if self._job is None:
            self._begin_next()
        else:
            self._watch(self._job, now)
        if now >= self._checkpoint:
            self._checkpoint = now + CHECKPOINT_SECONDS
            self._database.checkpoint()

    def _begin_next(self) -> None:
        if not self._queue.waiting():
            return
        if self._child is None or self._child.poll() is not None:
            self._child = self._spawn()
        self._job, self._asked = self._queue.claim(self.name), None
        if self._job is not None:
            self._tell("run", self._job)

    def _watch(self, claim: Job, now: float) -> None:
        job = self._queue.get(claim.id)
        if job.state is not JobState.running or job.attempts != claim.attempts:
            self._job = None
        elif self._child is None or self._child.poll() is not None:
            self._job = None
            self._taken_up(self._queue.reap())
            self._child = self._spawn()
        elif job.cancelling:
            self._cancel(claim, now)

    def _cancel(self, claim: Job, now: float) -> None:
        if self._asked is None:
            self._asked = now
            self._tell("cancel", claim)
        elif now - self._asked >= GRACE_SECONDS:
            self._kill()
            self._queue.stop(claim)
            self._job = None
            self._child = self._spawn()

    def _spawn(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "reco_lab.jobs.worker", "--child", str(os.getpid())]
        command += ["--home", str(self.home), "--handlers", self.handlers]
        with (self.home / "log" / "worker.txt").open("a") as output:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=os.environ | thread_limits(),
                text=True,
            )

    def _tell(self, verb: str, job: Job) -> None:
        with suppress(OSError):  # a dead child is found by the next look at it
            if self._child and self._child.stdin:
                self._child.stdin.write(json.dumps({verb: job.id}) + "\n")
                self._child.stdin.flush()

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            with suppress(OSError):
                if self._child.stdin:
                    self._child.stdin.close()
            self._child = None

    def _leave(self) -> None:
        self._kill()
        if lock_path(self.home).exists():  # else the workspace was removed, and nothing may bring it back
            with suppress(InputError):  # what cannot be noted now is dealt with by the next supervisor
                self._taken_up(self._queue.reap())
                self._database.checkpoint()
            self._log.info("supervisor ends")
        self._database.close()

    def _taken_up(self, ids: list[str]) -> None:
        for id_ in ids:
            self._log.warning("job interrupted", job=id_, state=self._queue.get(id_).state)

    def _wanted(self) -> float:
        path = wanted_path(self.home)
        return path.stat().st_mtime if path.exists() else 0.0


def lock_path(home: Path) -> Path:
    """The file whose lock the one supervisor of a workspace keeps."""
    return home / "worker.lock"


def wanted_path(home: Path) -> Path:
    """The file that is touched while somebody wants the worker to stay warm."""
    return home / "worker.wanted"

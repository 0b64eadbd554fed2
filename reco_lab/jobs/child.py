"""The warm process that does the work: reads commands on its standard input, tells the store how it goes."""

import ctypes
import importlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import IO, Any

from reco_lab.core.errors import CancelledError, InputError
from reco_lab.jobs.handlers import handler_for, resolve, sentence
from reco_lab.store.records import Job

REPORT_SECONDS = 0.25
IDLE_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """Does one job after the other. A line {"run": id} begins one, {"cancel": id} asks one to stop."""

    workspace: Any
    handlers: str
    _inbox: SimpleQueue[str] = field(default_factory=SimpleQueue)
    _cancelled: set[str] = field(default_factory=set)
    _ahead: list[Callable[[], Any]] = field(default_factory=list)

    def serve(self, commands: IO[str]) -> None:
        """Work until the other end of `commands` is gone."""
        threading.Thread(target=self._listen, args=(commands,), daemon=True).start()
        self._warm_up()
        while True:
            try:
                asked = self._inbox.get(timeout=IDLE_SECONDS if self._ahead else None)
            except Empty:
                self._guarded(self._ahead.pop(0))
            else:
                self._do(self.workspace.queue.get(asked))

    def _listen(self, commands: IO[str]) -> None:
        for line in commands:
            command: Mapping[str, str] = json.loads(line)
            if "cancel" in command:
                self._cancelled.add(command["cancel"])
            else:
                self._inbox.put(command["run"])
        os._exit(0)  # the supervisor is gone, and the main thread may be deep in a library

    def _warm_up(self) -> None:
        self._guarded(partial(resolve, self.handlers))
        self._guarded(self._look_ahead)

    def _look_ahead(self) -> None:
        """Note what the handlers' module wants done in idle moments, a step at a time."""
        module = importlib.import_module(self.handlers.partition(":")[0])
        self._ahead.extend(getattr(module, "preparations", list)())

    def _guarded(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the job that needs it fails with its own sentence
            self.workspace.log.reference(error)

    def _do(self, job: Job) -> None:
        queue, log = self.workspace.queue, self.workspace.log.bind(job=job.id, kind=job.kind)
        log.info("job begins", attempt=job.attempts)
        try:
            handler = handler_for(self.handlers, job.kind)
            result = handler(self.workspace, job.payload, self._reporter(job))
            queue.finish(job, result)
        except CancelledError:
            queue.stop(job)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises ends its job, not the worker
            reference = "" if isinstance(error, InputError) else log.reference(error)
            queue.fail(job, sentence(error, reference), reference)
        log.info("job ends", state=queue.get(job.id).state)

    def _reporter(self, job: Job) -> "Reporter":
        return Reporter(self.workspace.queue, job, self._cancelled)


@dataclass
class Reporter:
    """The `report(fraction, message)` of a job: cheap to call often, raises CancelledError when it must stop."""

    queue: Any
    job: Job
    cancelled: set[str]
    _next: float = 0.0

    def __call__(self, fraction: float, message: str) -> None:
        """Note the progress, at most a few times a second."""
        if self.job.id in self.cancelled:
            raise CancelledError
        now = time.monotonic()
        if now >= self._next:
            self._next = now + REPORT_SECONDS
            if not self.queue.progress(self.job, fraction, message):
                raise CancelledError


def die_with(parent: int, how: int = signal.SIGKILL) -> None:
    """Ask the kernel to end this process when its parent ends (Linux; elsewhere standard input tells)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)
        if os.getppid() != parent:
            sys.exit(0)

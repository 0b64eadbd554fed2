"""Work on a stranger's bytes in a process of its own, which cannot take more than its share of the machine.

The other end is a module that calls `serve` when it is run. It gets a request (JSON) and a stream to write to;
what it wrote comes back as a memory map of a file without a name, so that no death leaves anything behind.
"""

import atexit
import errno
import json
import mmap
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from reco_lab.core.errors import InputError, RecoLabError

IDLE_SECONDS = 120.0
_REFUSED, _OVER, _FULL = 3, 4, 5
_TAIL = 4000


@dataclass(frozen=True)
class Limits:
    """What the work may take: bytes of address space, seconds of processor, seconds on the clock."""

    memory: int
    cpu_seconds: int
    wall_seconds: float


class LimitError(RecoLabError):
    """Confined work that took more than its share; `what` is memory or time."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


class RefusedError(RecoLabError):
    """Confined work that ended with an InputError; `parts` are what that error says."""

    def __init__(self, parts: Mapping[str, str]) -> None:
        self.parts = parts
        super().__init__(*parts.values())


def run_confined(
    module: str, request: Mapping[str, Any], limits: Limits, *, again: bool = False
) -> mmap.mmap:
    """Run `python -m module` on the request within the limits and return what it wrote (never nothing).

    `again` keeps the next process ready, imports done, for a request that will soon follow. Raises LimitError,
    RefusedError, InputError for a full disk, or RuntimeError for a fault of our own in the module.
    """
    process = _take(module)
    try:
        code = process.run(json.dumps({"request": request, "limits": asdict(limits)}), limits.wall_seconds)
        if code == 0:
            return mmap.mmap(process.output.fileno(), 0, access=mmap.ACCESS_READ)
        if code == _REFUSED:
            raise RefusedError(json.loads(process.said()))
        if code == _FULL:
            raise InputError(
                "The disk for temporary files is full, so this could not be read.",
                where=tempfile.gettempdir(),
                fix="Free some space and try again.",
            )
        if code == _OVER or code < 0:
            raise LimitError("time" if code == -getattr(signal, "SIGXCPU", 0) else "memory")
        raise RuntimeError(f"{module} ended with {code}: {process.complaint()}")
    finally:
        process.close()
        if again:
            _keep_ready(module)


def serve(work: Callable[[dict[str, Any], IO[bytes]], None]) -> None:
    """Wait for one request, do the work within its limits, and end; `work` writes its answer to the stream."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    inbox: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(inbox,), daemon=True).start()
    try:
        order = json.loads(inbox.get(timeout=IDLE_SECONDS))
    except queue.Empty:
        os._exit(0)
    _confine(Limits(**order["limits"]))
    code = 0
    try:
        work(order["request"], output)
        output.flush()
    except InputError as error:
        parts = {"what": error.what, "where": error.where, "fix": error.fix, "key": error.key}
        _replace(output, json.dumps(parts).encode())
        output.flush()
        code = _REFUSED
    except MemoryError:
        code = _OVER
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        code = _FULL
    os._exit(code)


@dataclass(eq=False)
class _Process:
    module: str
    output: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    errors: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    handle: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
        self.handle = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", self.module],
            stdin=subprocess.PIPE,
            stdout=self.output,
            stderr=self.errors,
            env=os.environ | quiet,
        )

    def run(self, order: str, seconds: float) -> int:
        stream = self.handle.stdin
        try:
            if stream is not None:
                stream.write(order.encode() + b"\n")
                stream.flush()
            return self.handle.wait(seconds)
        except BrokenPipeError:
            return self.handle.wait(seconds)
        except subprocess.TimeoutExpired:
            raise LimitError("time") from None

    def said(self) -> bytes:
        self.output.seek(0)
        return self.output.read()

    def complaint(self) -> str:
        self.errors.seek(max(0, self.errors.seek(0, os.SEEK_END) - _TAIL))
        return self.errors.read().decode("utf-8", "replace")

    def close(self) -> None:
        self.handle.kill()
        self.handle.wait()
        if self.handle.stdin is not None:
            with suppress(BrokenPipeError):  # what it had not read goes with it
                self.handle.stdin.close()
        self.output.close()
        self.errors.close()


_ready: dict[str, _Process] = {}
_lock = threading.Lock()


def _take(module: str) -> _Process:
    with _lock:
        spare = _ready.pop(module, None)
    if spare is not None and spare.handle.poll() is None:
        return spare
    if spare is not None:
        spare.close()
    return _Process(module)


def _keep_ready(module: str) -> None:
    with _lock:
        if module not in _ready:
            _ready[module] = _Process(module)


@atexit.register
def _dismiss() -> None:
    with _lock:
        for spare in _ready.values():
            spare.close()
        _ready.clear()


def _listen(inbox: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        inbox.put(line)
    os._exit(0)  # the other end is gone, and the main thread may be deep in a library


def _replace(output: IO[bytes], content: bytes) -> None:
    output.seek(0)
    output.truncate()
    output.write(content)


def _confine(limits: Limits) -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

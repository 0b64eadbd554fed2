"""A process's journal: what is not in the tables yet, in files that outlive the process."""

import errno
import os
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from reco_lab.core.events import Considered, Decision, Feedback, FeedbackKind, Placed, Stage, Unbilled, Visit
from reco_lab.core.stored import known
from reco_lab.store.durable import sync_folder
from reco_lab.store.events.records import Description, Refusal
from reco_lab.store.locks import FileLock

SEGMENT_BYTES = 1 << 20
MOST_BYTES = 512 << 20
FOLDER = "events.journal"
_MARK = 9
_BYTES = getattr(os, "O_BINARY", 0)  # else Windows writes two bytes for the end of a line
_NUMPY = orjson.OPT_SERIALIZE_NUMPY

Entry = Decision | Feedback | Visit | Description | Refusal


class Journal:
    """Segments of lines, each with its checksum; a line once written survives the process, once synced the power.

    Segments are closed one after the other, and forgotten when all that is in them is in the tables. Calls
    come one at a time: whoever holds the journal sees to that.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._name = folder, uuid.uuid4().hex
        self._lock = FileLock(folder / f"{self._name}.lock")
        self._lock.acquire()
        self.closed: list[Path] = []
        self.size, self._named = 0, False
        self._kept = self._count = 0
        self._open()

    def append(self, line: bytes) -> None:
        """Add lines; OSError, and nothing added, where the disk or the journal is full."""
        if self.full:
            raise OSError(errno.ENOSPC, "The journal is full.")
        written = os.write(self._handle, line)
        if written < len(line):
            os.ftruncate(self._handle, self.size)
            raise OSError(errno.ENOSPC, "The disk is full.")
        self.size += written

    def sync(self) -> None:
        """Wait until all that was added is on the disk."""
        os.fsync(self._handle)
        if not self._named:
            sync_folder(self._folder)
            self._named = True

    @property
    def full(self) -> bool:
        """Whether it has grown so long that nothing more should be added."""
        return self._kept + self.size > MOST_BYTES

    def rotate(self) -> None:
        """Close the segment that is written to and begin another; OSError, and nothing changed, where none can be."""
        if self.size:
            handle, path, size = self._handle, self._path, self.size
            self._open()
            os.close(handle)
            self.closed.append(path)
            self._kept += size

    def forget(self, segments: list[Path]) -> None:
        """Remove closed segments, whose content is in the tables."""
        for path in segments:
            with suppress(FileNotFoundError):
                size = path.stat().st_size
                path.unlink()
                self._kept -= size
            self.closed.remove(path)

    def adopt(self) -> None:
        """Take over, before one's own, the segments of processes that died."""
        names = {path.stem.partition("-")[0] for path in self._folder.iterdir()} - {self._name}
        dead = [FileLock(self._folder / f"{name}.lock") for name in sorted(names)]
        dead = [lock for lock in dead if lock.acquire()]
        left = [path for lock in dead for path in self._folder.glob(f"{lock.path.stem}-*.log")]
        left.sort(key=lambda path: (path.stat().st_mtime_ns, path.name))
        self.closed = [path.rename(self._folder / self._next()) for path in left]
        self._kept = sum(path.stat().st_size for path in self.closed)
        for lock in dead:
            lock.remove()

    def close(self) -> None:
        """Let go of it; without a segment left nothing of it stays behind."""
        os.close(self._handle)
        if not self.size:
            self._path.unlink(missing_ok=True)
        if not self.size and not self.closed:
            self._lock.remove()
        else:
            self._lock.release()

    def _next(self) -> str:
        self._count += 1
        return f"{self._name}-{self._count:08d}.log"

    def _open(self) -> None:
        path = self._folder / self._next()
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BYTES, 0o600)
        self._path = path
        self.size, self._named = 0, False


def line(entry: Entry) -> bytes:
    """An entry as a line: checksum, kind and content."""
    body = orjson.dumps((type(entry).__name__, entry), option=_NUMPY)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def entries(segment: Path) -> Iterator[Entry]:
    """The entries of a segment; a line that was cut off or damaged is passed over."""
    with segment.open("rb") as stream:
        for raw in stream:
            body = raw[_MARK:-1]
            if raw.endswith(b"\n") and raw[: _MARK - 1] == b"%08x" % zlib.crc32(body):
                yield read_entry(*orjson.loads(body))


def read_entry(kind: str, values: dict[str, Any]) -> Entry:
    """An entry from its kind and its values as they were written."""
    return _READ[kind](values)


def _decision(values: dict[str, Any], kind: type[Decision] = Decision) -> Decision:
    values["placed"] = tuple(known(Placed, one) for one in values["placed"])
    values["stage"] = Stage(values["stage"])
    if (told := values.get("considered")) is not None:
        ids = None if told["ids"] is None else tuple(told["ids"])
        numbers = (np.array(told[name], np.float32) for name in ("scores", "features"))
        values["considered"] = Considered(ids, *numbers)
    return known(kind, _timed(values))


def _feedback(values: dict[str, Any]) -> Feedback:
    values["kind"] = FeedbackKind(values["kind"])
    return known(Feedback, _timed(values))


def _timed(values: dict[str, Any]) -> dict[str, Any]:
    for name in ("at", "received"):
        if name in values:
            values[name] = datetime.fromisoformat(values[name])
    return values


_READ: dict[str, Callable[[dict[str, Any]], Entry]] = {
    "Decision": _decision,
    "Unbilled": partial(_decision, kind=Unbilled),
    "Feedback": _feedback,
    "Visit": lambda values: known(Visit, _timed(values)),
    "Description": lambda values: known(Description, _timed(values)),
    "Refusal": lambda values: known(Refusal, _timed(values)),
}

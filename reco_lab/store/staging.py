"""Where files are made before they are good: a folder of one's own, swept once its owner is dead."""

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reco_lab.store.disk import said_if_full
from reco_lab.store.locks import FileLock

_JOURNAL = "published"
SETTLE_SECONDS = 600.0


@dataclass
class Staging:
    """Scratch folders under `root`. Each process keeps a lock on its own, so a sweep knows what is left over.

    Each process also keeps a journal of what it published: until a record names such a thing, it belongs to
    this process and to nobody once the process is dead.
    """

    root: Path
    _own: FileLock | None = field(default=None, repr=False)

    def folder(self) -> Path:
        """Make a new empty folder that nobody else uses; InputError if the disk is full."""
        with said_if_full(self.root.parent):
            path = self._home() / uuid.uuid4().hex
            path.mkdir()
        return path

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A new empty folder that is gone after the block."""
        path = self.folder()
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def note(self, id_: str) -> None:
        """Write into this process's journal, durably, that something is about to be published."""
        journal = self._home() / _JOURNAL
        with self.alone(), said_if_full(self.root.parent), journal.open("a") as stream:
            stream.write(f"{id_} {int(time.monotonic())}\n")
            stream.flush()
            os.fsync(stream.fileno())

    def sweep(self, reclaim: Callable[[set[str], Path], None] | None = None) -> int:
        """Remove what dead processes left behind; the number of processes.

        `reclaim` is first given the ids that they published and that no living process did as well, and a
        folder to move into what belongs to nobody; the folder is removed afterwards.
        """
        with self.alone():
            locks = self._locks()
            dead = [lock for lock in locks if lock.acquire()]
            lost = _published(dead) - _published(lock for lock in locks if lock not in dead)
            if reclaim is not None and lost:
                reclaim(lost, dead[0].path.with_suffix(""))
            for lock in dead:
                shutil.rmtree(lock.path.with_suffix(""), ignore_errors=True)
                lock.release()
                lock.path.unlink(missing_ok=True)
        return len(dead)

    def close(self) -> None:
        """Remove this process's scratch; what it published and no record names yet goes at the next sweep."""
        if self._own is None:
            return
        home, own = self._own.path.with_suffix(""), self._own
        for path in home.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
        own.release()
        self._own = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from publishing and sweeping meanwhile."""
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / ".lock"):
            yield

    def in_flight(self) -> set[str]:
        """What living processes published and did not settle; to be asked `alone`."""
        return _published(lock for lock in self._locks() if lock.kept())

    def settle(self, ids: Iterable[str]) -> None:
        """Take ids that a record names out of the journals; to be done `alone`.

        A young entry stays: what it stands for may be about to get a record besides the one there is.
        """
        known, young = set(ids), time.monotonic() - SETTLE_SECONDS
        for lock in self._locks():
            noted = _journal(lock)
            kept = {id_: at for id_, at in noted.items() if id_ not in known or at > young}
            if kept != noted:
                journal = lock.path.with_suffix("") / _JOURNAL
                draft = journal.with_suffix(".new")
                draft.write_text("".join(f"{id_} {at:.0f}\n" for id_, at in kept.items()))
                draft.replace(journal)

    def _locks(self) -> list[FileLock]:
        return [FileLock(path) for path in sorted(self.root.glob("*.lock")) if path.name != ".lock"]

    def _home(self) -> Path:
        if self._own is None:
            own = FileLock(self.root / f"{uuid.uuid4().hex}.lock")
            with self.alone():
                own.acquire()
                own.path.with_suffix("").mkdir()
            self._own = own
        return self._own.path.with_suffix("")


def _published(locks: Iterable[FileLock]) -> set[str]:
    return {id_ for lock in locks for id_ in _journal(lock)}


def _journal(lock: FileLock) -> dict[str, float]:
    """What was published, and when by the machine's own count of seconds; half a line, of a kill, is none."""
    path = lock.path.with_suffix("") / _JOURNAL
    lines = path.read_text().splitlines() if path.exists() else []
    parts = [line.split() for line in lines]
    return {part[0]: float(part[1]) for part in parts if len(part) == 2}

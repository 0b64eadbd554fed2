"""A log from a backup: laid ready as a whole, then put in its place; where that was cut off, the next start finishes it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from reco_lab.store.durable import sync_files, sync_folder
from reco_lab.store.events.connecting import FILE, LOCK
from reco_lab.store.events.journal import FOLDER
from reco_lab.store.locks import FileLock

READY = "events.back"
BESIDE = (f"{FILE}-wal", f"{FILE}-shm")


def put_back(copied: Path, segments: Sequence[Path], home: Path) -> None:
    """Put a copied file and the segments of its journal in place of the log; the caller holds the log's lock.

    Nothing of the log is touched before all of it lies ready beside it. Whoever dies before leaves the log as it was.
    """
    ready = copied.parent / READY
    (ready / FOLDER).mkdir(parents=True)
    files = [copied.replace(ready / FILE), *(one.replace(ready / FOLDER / one.name) for one in segments)]
    for one in files:
        one.chmod(0o600)
    sync_files(files)
    sync_folder(ready / FOLDER)
    sync_folder(ready)
    ready.replace(home / READY)
    sync_folder(home)
    finish(home)


def finish(home: Path) -> None:
    """Put in its place what lies ready, if anything does; the caller holds the log's lock.

    A segment that is in the journal already stays: it can only be longer.
    """
    ready, journal = home / READY, home / FOLDER
    if not ready.exists():
        return
    journal.mkdir(exist_ok=True)
    for one in sorted((ready / FOLDER).glob("*.log")):
        if not (journal / one.name).exists():
            one.replace(journal / one.name)
    sync_folder(journal)
    if (ready / FILE).exists():
        for name in BESIDE:
            (home / name).unlink(missing_ok=True)
        sync_folder(
            home
        )  # else, after power loss, the log put back could stand beside what was written of the other
        (ready / FILE).replace(home / FILE)
        sync_folder(home)
    shutil.rmtree(ready)


def finish_left(home: Path) -> None:
    """The same for what a process that died left, unless somebody writes the log now."""
    if not (home / READY).exists():
        return
    lock = FileLock(home / LOCK)
    if lock.acquire():
        try:
            finish(home)
        finally:
            lock.release()

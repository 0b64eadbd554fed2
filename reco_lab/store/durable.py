"""Files and folders that are safely on the disk, and there whole or not at all."""

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from reco_lab.store.locks import FileLock

_DRAFT = ".draft"


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A draft beside `path` to fill; it takes the name once it is on the disk, and is gone if anything fails.

    What a killed process left of its drafts in this folder is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_drafts(path.parent)
    draft = path.parent / f".{path.name}.{uuid.uuid4().hex}{_DRAFT}"
    lock = FileLock(draft.with_suffix(".lock"))
    lock.acquire(timeout=1.0)
    try:
        yield draft
        sync_files([draft])
        draft.replace(path)
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)
        lock.remove()


def remove_drafts(folder: Path) -> None:
    """Remove the drafts of processes that died."""
    for path in folder.glob(f".*.{'[0-9a-f]' * 32}.lock"):
        lock = FileLock(path)
        if lock.acquire():
            for leftover in folder.glob(f"{escape(path.stem)}{_DRAFT}*"):
                leftover.unlink(missing_ok=True)
            lock.remove()


def sync_files(paths: Iterable[Path]) -> None:
    """Wait until the content of files is on the disk."""
    for path in paths:
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name == "nt":  # Windows has no way to sync a folder
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Power cuts: only what was synced is sure to be on the disk; of the rest, any part may be.

What SQLite writes is seen by standing between it and its operating-system layer (its "VFS"), what the journal
writes by standing between it and the system's calls. A cut copies the files as a disk might hold them at that
moment: every synced byte, and each write since then or not, the last one perhaps torn. Names of files are taken to
be on the disk at once.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np

from reco_lab.store.events import journal

SECTOR = 512
_X_OPEN = 40  # where in SQLite's table of a VFS its `xOpen` stands, on 64-bit machines
_METHODS = 18
_WRITE, _TRUNCATE, _SYNC = 2, 3, 4
_OK = 0


@dataclass
class _File:
    synced: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for at, data in self.since:
            _put(self.synced, at, data)
        self.since.clear()


class Disk:
    """What was written to each file, and what of it is sure to be there after a cut."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.files: dict[str, _File] = {}

    def write(self, path: str, at: int, data: bytes | None) -> None:
        """Note a write, or, without data, a new length."""
        with self.lock:
            self.files.setdefault(path, _File()).since.append((at, data))

    def append(self, path: str, data: bytes) -> None:
        """Note a write at the end."""
        with self.lock:
            one = self.files.setdefault(path, _File())
            end = max([len(one.synced), *(at + len(data or b"") for at, data in one.since)])
            one.since.append((end, data))

    def sync(self, path: str) -> None:
        """Note that all writes to a file are on the disk."""
        with self.lock:
            self.files.setdefault(path, _File()).sync()

    def cut(self, home: Path, into: Path, rng: np.random.Generator) -> None:
        """Copy a folder as it may be after a cut at this moment."""
        with self.lock:
            for name, one in self.files.items():
                path = Path(name)
                if path.is_relative_to(home) and path.exists():
                    target = into / path.relative_to(home)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(_after(one, rng))


@contextmanager
def watched() -> Iterator[Disk]:
    """Watch what SQLite and the journal write, in this process. NotImplementedError where that is not possible."""
    disk, kept = Disk(), []
    library = _library()
    vfs = library.sqlite3_vfs_find(None)
    place = ctypes.c_void_p.from_address(vfs + _X_OPEN)
    original = place.value
    opens = _OPEN(original or 0)

    def x_open(layer: int, name: int | None, file: int, flags: int, out: int) -> int:
        done: int = opens(layer, name, file, flags, out)
        methods = ctypes.c_void_p.from_address(file).value
        if done == _OK and name and methods:
            kept.append(_between(disk, os.fsdecode(ctypes.string_at(name)), file, methods))
        return done

    kept.append(callback := _OPEN(x_open))
    place.value = ctypes.cast(callback, ctypes.c_void_p).value
    setattr(journal, "os", _Watching(disk))  # noqa: B010 - a module is replaced by what stands for it
    try:
        yield disk
    finally:
        setattr(journal, "os", os)  # noqa: B010 - likewise
        place.value = original
        _KEPT.extend(kept)  # files that are still open call them until they are closed


class _Watching:
    """The system's calls as the journal makes them, noted."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._paths: dict[int, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Path, *more: int) -> int:
        handle = os.open(path, *more)
        self._paths[handle] = str(path)
        return handle

    def write(self, handle: int, data: bytes) -> int:
        self._disk.append(self._paths[handle], data)
        return os.write(handle, data)

    def fsync(self, handle: int) -> None:
        os.fsync(handle)
        self._disk.sync(self._paths[handle])


# the name is passed on as the address that it is: SQLite keeps the address, and looks behind its end
_OPEN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
)
_WRITES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_TRUNCATES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_SYNCS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_KEPT: list[Any] = []


class _Methods(ctypes.Structure):
    _fields_ = (("version", ctypes.c_int), ("calls", ctypes.c_void_p * _METHODS))


def _between(disk: Disk, path: str, file: int, methods: int) -> Any:
    """Stand between SQLite and one open file."""
    table = _Methods.from_buffer_copy((ctypes.c_char * ctypes.sizeof(_Methods)).from_address(methods))
    writes, truncates, syncs = (
        _WRITES(table.calls[_WRITE]),
        _TRUNCATES(table.calls[_TRUNCATE]),
        _SYNCS(table.calls[_SYNC]),
    )

    def x_write(this: int, data: int, size: int, at: int) -> int:
        disk.write(path, at, ctypes.string_at(data, size))
        return int(writes(this, data, size, at))

    def x_truncate(this: int, size: int) -> int:
        disk.write(path, size, None)
        return int(truncates(this, size))

    def x_sync(this: int, flags: int) -> int:
        done = int(syncs(this, flags))
        if done == _OK:
            disk.sync(path)
        return done

    callbacks = (_WRITES(x_write), _TRUNCATES(x_truncate), _SYNCS(x_sync))
    for place, callback in zip((_WRITE, _TRUNCATE, _SYNC), callbacks, strict=True):
        table.calls[place] = ctypes.cast(callback, ctypes.c_void_p).value
    ctypes.c_void_p.from_address(file).value = ctypes.addressof(table)
    return table, callbacks


def _library() -> Any:
    import _sqlite3

    try:
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.c_void_p
    except (AttributeError, OSError) as error:
        raise NotImplementedError("SQLite is built into this Python without a door.") from error
    return library


def _after(one: _File, rng: np.random.Generator) -> bytes:
    content = bytearray(one.synced)
    for place, (at, data) in enumerate(one.since):
        if rng.random() < 0.5:
            continue
        torn = place == len(one.since) - 1 and data is not None and len(data) > SECTOR
        _put(
            content,
            at,
            data[: SECTOR * int(rng.integers(len(data) // SECTOR + 1))] if torn and data else data,
        )
    return bytes(content)


def _put(content: bytearray, at: int, data: bytes | None) -> None:
    if data is None:
        del content[at:]
        return
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at : at + len(data)] = data

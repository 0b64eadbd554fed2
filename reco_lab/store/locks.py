"""A lock that the operating system lets go of when its holder dies, however it dies."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self


class FileLock:
    """An exclusive lock on a file, between processes and between holders in one process.

    Between machines it counts as far as the file system that they share carries locks, as NFS does.
    The file stays behind unlocked: removing it would let two processes lock two files of one name, unless nobody
    ever takes that name again (`remove`).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def acquire(self, timeout: float = 0.0) -> bool:
        """Take the lock within `timeout` seconds; False if somebody else keeps it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        until = time.monotonic() + timeout
        while not _lock(handle):
            if time.monotonic() >= until:
                os.close(handle)
                return False
            time.sleep(0.02)
        self._handle = handle
        return True

    def kept(self) -> bool:
        """Whether anybody keeps the lock now. Who asks does not keep it, so that any number may ask at once.

        On Windows those who ask at the very same moment may take each other for somebody who keeps it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        free = _lock(handle, alone=False)
        os.close(handle)
        return not free

    def release(self) -> None:
        """Let go of the lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def remove(self) -> None:
        """Let go of the lock, and take the file away: for names that are used once."""
        if sys.platform == "win32":  # where a file that is open stays
            self.release()
            with suppress(OSError):
                self.path.unlink()
        else:
            self.path.unlink(missing_ok=True)
            self.release()

    def __enter__(self) -> Self:
        if not self.acquire(timeout=60.0):
            raise TimeoutError(f"{self.path} is locked by another process.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int, *, alone: bool = True) -> bool:  # noqa: ARG001 - there is but one kind of lock here
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(handle: int, *, alone: bool = True) -> bool:
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

"""What is left of the disk, a reserve for when nothing is, and a full disk said in a sentence."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reco_lab.core.errors import InputError, NotNowError

LOW, SCARCE = 0.10, 0.05
PLENTY_LOW, PLENTY_SCARCE = 20 << 30, 5 << 30
BALLAST_BYTES = 8 << 20
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Disk:
    """What is free on the disk of a folder, in bytes.

    `low` is the time to warn, `scarce` the time to begin nothing new: less than a tenth and less than a
    twentieth, unless that is a lot all the same (20 and 5 GB on a large disk).
    """

    folder: Path
    free: int
    total: int

    @property
    def share(self) -> float:
        """The free share, 0 to 1."""
        return self.free / self.total if self.total else 0.0

    @property
    def low(self) -> bool:
        """Whether a person should be warned."""
        return self.share < LOW and self.free < PLENTY_LOW

    @property
    def scarce(self) -> bool:
        """Whether new work is refused."""
        return self.share < SCARCE and self.free < PLENTY_SCARCE

    @property
    def sentence(self) -> str:
        """How much is free, in words."""
        return f"{size_text(self.free)} of {size_text(self.total)} are free ({self.share:.0%})."


def look(folder: Path) -> Disk:
    """Look at the disk that holds a folder."""
    usage = shutil.disk_usage(folder)
    return Disk(folder, usage.free, usage.used + usage.free)


def require_room(folder: Path) -> None:
    """Raise InputError, which names the disk, if too little is free to begin anything new."""
    seen = look(folder)
    if seen.scarce:
        raise InputError(
            f"The disk is nearly full, so nothing new is begun: {seen.sentence}",
            where=str(folder),
            fix="Free some space, for example on the Settings page; what is stored can be read as before.",
        )


def lay_ballast(home: Path, size: int = BALLAST_BYTES) -> bool:
    """Reserve some space, so that there is something to give up when the disk is full; False without room."""
    path = _ballast(home)
    if path.exists() and path.stat().st_size == size:
        return True
    seen = look(home)
    if seen.low or seen.free < 4 * size:
        return False
    with suppress(OSError), path.open("wb") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, size)
        else:
            stream.write(bytes(size))
        return True
    return False


def has_ballast(home: Path) -> bool:
    """Whether there is a reserve to give up."""
    return _ballast(home).exists()


def drop_ballast(home: Path) -> bool:
    """Give the reserve up; whether there was one."""
    try:
        _ballast(home).unlink()
    except OSError:
        return False
    return True


def full_disk(home: Path) -> NotNowError:
    """The sentence for a full disk; the reserve is given up, so that deleting and small notes work again."""
    drop_ballast(home)
    free = size_text(shutil.disk_usage(home).free) if home.exists() else "nothing"
    return NotNowError(
        f"The disk is full ({free} free), so this was not stored. What was stored before is untouched.",
        where=str(home),
        fix="Free some space and try again.",
    )


@contextmanager
def said_if_full(home: Path) -> Iterator[None]:
    """Turn the system's error about a full disk into a sentence; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise full_disk(home) from error


def size_of(path: Path) -> int:
    """The bytes of a file, or of all files below a folder; what goes away meanwhile has none."""
    try:
        return sum(map(size_of, path.iterdir())) if path.is_dir() else path.stat().st_size
    except FileNotFoundError:
        return 0


def size_text(size: float) -> str:
    """A number of bytes for a person: 3.2 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _ballast(home: Path) -> Path:
    return home / "ballast"

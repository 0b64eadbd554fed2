"""The log in files of its own: copied while others write it, and put back where nobody does."""

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from reco_lab.store.disk import size_of
from reco_lab.store.events.connecting import FILE, LOCK
from reco_lab.store.events.journal import FOLDER
from reco_lab.store.events.putting_back import BESIDE, READY, finish, put_back
from reco_lab.store.locks import FileLock

WRITTEN = "Ads are served, so the log of decisions goes on as it is."
DAMAGED = "The log of decisions in it is damaged, so the one that is here goes on."
ELSEWHERE = "The log of decisions is on the database server, so the one in the backup stays there."


def is_log(name: str) -> bool:
    """Whether a file or folder of a workspace is part of its log."""
    return name in {FILE, *BESIDE, FOLDER, READY}


def copy_log(home: Path, folder: Path) -> dict[str, Path]:
    """Copy the log of a workspace's folder, as it is at a moment; the copies by their place in the workspace.

    The journal comes first: what leaves it meanwhile is in the tables, which are copied by the database
    itself. Where they are so damaged that it cannot, the file is copied as it lies there. A log on a database
    server is not here.
    """
    found: dict[str, Path] = {}
    for segment in sorted((home / FOLDER).glob("*.log")):
        target = folder / FOLDER / segment.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # it is in the tables by now
            shutil.copyfile(segment, target)
            found[f"{FOLDER}/{segment.name}"] = target
    if (home / FILE).exists():
        found[FILE] = folder / FILE
        try:
            _copy_tables(home / FILE, found[FILE])
        except sqlite3.OperationalError:  # a full disk, not a damaged file
            raise
        except sqlite3.DatabaseError:
            shutil.copyfile(home / FILE, found[FILE])
    return found


def _copy_tables(path: Path, target: Path) -> None:
    address = f"file:{quote(str(path))}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True)) as source,
        closing(sqlite3.connect(target)) as copied,
    ):
        source.backup(copied)
        copied.execute("PRAGMA journal_mode=DELETE")


def log_is_whole(home: Path) -> bool:
    """Whether the file of a workspace's log is what its database says it wrote; a log that is not here is."""
    path = home / FILE
    return not path.exists() or _whole(f"file:{quote(str(path))}?mode=ro")


def log_size(home: Path) -> int:
    """The bytes that the log of a workspace's folder takes."""
    places = [*home.glob(f"{FILE}*"), *home.glob(f"{FOLDER}/*.log")]
    return sum(size_of(path) for path in places)


def put_log_back(files: Path, home: Path, *, on_server: bool = False) -> str:
    """Put a copied log in place of that of a workspace's folder; why not, in a sentence, where that cannot be.

    What lies in the journal of the workspace stays: it is applied to what was put back. Where this is cut off, the log
    is as it was, or the next start finishes it.
    """
    copied = files / FILE
    if not copied.exists():
        return ""
    if on_server:
        return ELSEWHERE
    if not _whole(f"file:{quote(str(copied))}?mode=rw"):
        return DAMAGED
    lock = FileLock(home / LOCK)
    if not lock.acquire():
        return WRITTEN
    try:
        finish(home)
        put_back(copied, sorted((files / FOLDER).glob("*.log")), home)
    finally:
        lock.release()
    return ""


def _whole(address: str) -> bool:
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            if address.endswith("rw"):
                connection.execute("PRAGMA journal_mode=DELETE")  # with what a file beside it may add
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False

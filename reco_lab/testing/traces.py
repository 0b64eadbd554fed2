"""A byte search through everything in a workspace's folder, also inside of what is packed."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

ALLOWED = ("privacy/suppressed.txt",)


def places_of(home: Path, text: str) -> list[str]:
    """Where in the folder a text occurs, besides backups, the suppression list and the audit trail."""
    wanted = [
        text.encode(),
        text.encode("unicode_escape"),
        text.encode("utf-16-le"),
        text.encode("utf-32-le"),
    ]
    found = []
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        name = path.relative_to(home).as_posix()
        if name in ALLOWED or name.startswith("backups/"):
            continue
        if text in name or any(one in content for content in _contents(path) for one in wanted):
            found.append(name)
    return found


def _contents(path: Path) -> Iterator[bytes]:
    """A file's bytes, and unpacked what it packs; `state.db` without its audit trail."""
    if path.name.startswith("state.db"):
        if path.name == "state.db":
            yield _without_audit(path)
        return
    yield path.read_bytes()
    if path.suffix == ".parquet":
        yield pd.read_parquet(path).to_csv().encode()
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as archive:
            for name in archive.files:
                yield archive[name].tobytes()


def _without_audit(path: Path) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        for part in path.parent.glob("state.db*"):
            shutil.copyfile(part, Path(place) / part.name)
        copy = Path(place) / path.name
        with closing(sqlite3.connect(copy)) as raw:
            raw.execute("PRAGMA secure_delete=ON")
            raw.execute("DELETE FROM audit")
            raw.commit()
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return copy.read_bytes() + (
            copy.with_name("state.db-wal").read_bytes() if copy.with_name("state.db-wal").exists() else b""
        )

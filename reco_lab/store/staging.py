"""Where files are made before they are good: a folder of one's own, swept once its owner is dead."""

import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from reco_lab.store.locks import FileLock


@dataclass
class Staging:
    """Scratch folders under `root`. Each process keeps a lock on its own, so a sweep knows what is left over."""

    root: Path
    _own: FileLock | None = field(default=None, repr=False)

    def folder(self) -> Path:
        """Make a new empty folder that nobody else uses."""
        path = self._home() / uuid.uuid4().hex
        path.mkdir()
        return path

    def sweep(self) -> int:
        """Remove what dead processes left behind; the number of folders removed."""
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / ".lock"):
            return sum(self._remove_if_dead(path) for path in sorted(self.root.glob("*.lock")))

    def _home(self) -> Path:
        if self._own is None:
            self.root.mkdir(parents=True, exist_ok=True)
            own = FileLock(self.root / f"{uuid.uuid4().hex}.lock")
            with FileLock(self.root / ".lock"):
                own.acquire()
                own.path.with_suffix("").mkdir()
            self._own = own
        return self._own.path.with_suffix("")

    def _remove_if_dead(self, path: Path) -> bool:
        lock = FileLock(path)
        if path.name == ".lock" or not lock.acquire():
            return False
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        lock.release()
        path.unlink(missing_ok=True)
        return True

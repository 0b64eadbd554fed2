"""An erasure that is under way: noted on the disk until it is done, and answered by the process that writes the log."""

import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reco_lab.core.errors import NotNowError
from reco_lab.store.durable import replaced
from reco_lab.workspace import Workspace

PATIENCE = 60.0
_A_LOOK = 0.1


@dataclass(frozen=True)
class Pending:
    """One erasure. `name` is the customer's pseudonym, which goes with the note once she is erased."""

    folder: Path
    name: str

    @classmethod
    def begin(cls, workspace: Workspace, name: str) -> "Pending":
        """Note that an erasure begins, or goes on."""
        made = cls(_folder(workspace), name)
        made._reply.unlink(missing_ok=True)
        made.note(())
        return made

    def note(self, artefacts: Iterable[str]) -> None:
        """Note artefacts that must go as far as no record will name them, besides those noted before."""
        known = sorted({*self.artefacts, *artefacts})
        with replaced(self._note) as draft:
            draft.write_text(json.dumps(known), "ascii")

    @property
    def artefacts(self) -> list[str]:
        """The artefacts noted so far."""
        return list(json.loads(self._note.read_text("ascii"))) if self._note.exists() else []

    @property
    def answered(self) -> bool:
        """Whether the log is done with."""
        return self._reply.exists()

    def answer(self, rows: int) -> None:
        """Say how many rows were erased from the log."""
        draft = self._reply.with_suffix(".said")
        draft.write_text(str(rows), "ascii")
        draft.replace(self._reply)

    def help(self, rows: int) -> None:
        """Say how many rows this process erased as one of several that write."""
        (self.folder / f"{self.name}.{uuid.uuid4().hex}.part").write_text(str(rows), "ascii")

    def helped(self) -> int:
        """How many rows others erased so far."""
        return sum(int(path.read_text("ascii") or 0) for path in self.folder.glob(f"{self.name}.*.part"))

    def rows(self) -> int:
        """Wait until the process that writes the log erased her there; NotNowError where it does not."""
        until = time.monotonic() + PATIENCE
        while not self.answered:
            if time.monotonic() > until:
                raise NotNowError(
                    "The service that writes the log of decisions did not erase her there.",
                    fix="See that it runs well, or stop it, and erase her again: it goes on where it stopped.",
                )
            time.sleep(_A_LOOK)
        return int(self._reply.read_text("ascii"))

    def done(self) -> None:
        """Take the note away."""
        for path in (*self.folder.glob(f"{self.name}.*.part"), self._reply, self._note):
            path.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def _reply(self) -> Path:
        return self.folder / f"{self.name}.rows"


def pending(workspace: Workspace) -> list[Pending]:
    """The erasures that were begun and are not done."""
    folder = _folder(workspace)
    return [Pending(folder, path.stem) for path in sorted(folder.glob("*.json"))]


def _folder(workspace: Workspace) -> Path:
    return workspace.home / "privacy" / "erasing"

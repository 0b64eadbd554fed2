"""Where a customer is: in versions, in files on their way in, in backups."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.ids import canonical_id
from reco_lab.cleaning.personal import pseudonym
from reco_lab.services.backups import FOLDER as BACKUPS
from reco_lab.services.privacy import pseudonym_key
from reco_lab.services.server_files import INBOX
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

_IDS = "tables/user_ids.parquet"
_PACKED = {".gz", ".zip", ".zst", ".bz2", ".xz", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet"}
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252")
_BLOCK = 1 << 22


@dataclass(frozen=True, eq=False)
class Traces:
    """One customer: her pseudonym, and her id as it was said (the pseudonym itself where that is all one knows)."""

    workspace: Workspace
    key: bytes
    name: str
    id: str

    @classmethod
    def of(cls, workspace: Workspace, user_id: str) -> "Traces":
        """The traces of a customer by her id or her pseudonym."""
        key = pseudonym_key(workspace)
        return cls(workspace, key, pseudonym(key, user_id), canonical_id(user_id))

    @property
    def nameless(self) -> bool:
        """Whether only her pseudonym is known, so that files with ids cannot be searched."""
        return self.id == self.name

    def among(self, ids: Iterable[object]) -> NDArray[np.bool_]:
        """Which of these ids are hers."""
        return np.array([pseudonym(self.key, str(one)) == self.name for one in ids], bool)

    def versions(self) -> list[DatasetVersion]:
        """The versions that know her, dropped ones too, oldest first."""
        every = self.workspace.store.all_versions()
        return [one for one in every if self.among(self._ids_of(one)).any()]

    def uploads(self) -> list[Path]:
        """Files on their way in, or left by an import, that hold her or may hold her."""
        scratch = (path for path in self.workspace.staging.root.glob("*/*/**/*") if path.is_file())
        return [path for path in scratch if self._may_be_in(path)]

    def inbox(self) -> list[str]:
        """Files that an administrator laid into the inbox and that hold her or may hold her."""
        folder = self.workspace.home / INBOX
        return [path.name for path in sorted(folder.rglob("*")) if path.is_file() and self._may_be_in(path)]

    def backups(self) -> list[str]:
        """The backups in the workspace that still hold her, or may: what cannot be read is not known not to."""
        folder = self.workspace.home / BACKUPS
        archives = [path for path in sorted(folder.glob("*.zip")) if self._in_archive(path)]
        states = [path for path in sorted(folder.glob("*.db")) if self._spelled(path.read_bytes())]
        return [path.name for path in (*archives, *states)]

    def _ids_of(self, version: DatasetVersion) -> pd.Series:
        path = self.workspace.artefacts.path(version.artefact) / _IDS
        return pd.read_parquet(path)["id"] if path.exists() else pd.Series(dtype="str")

    def _may_be_in(self, path: Path) -> bool:
        if self.nameless or path.suffix.lower() in _PACKED:
            return True
        with suppress(FileNotFoundError), path.open("rb") as stream:  # what is gone meanwhile holds nobody
            return self._is_in(stream)
        return False

    def _is_in(self, stream: IO[bytes]) -> bool:
        longest, tail = max(map(len, (*self._spellings(), self.name.encode()))), b""
        while block := stream.read(_BLOCK):
            if self._spelled(tail + block) or self.name.encode() in tail + block:
                return True
            tail = (tail + block)[-longest:]
        return False

    def _spelled(self, content: bytes) -> bool:
        return not self.nameless and any(one in content for one in self._spellings())

    def _spellings(self) -> Iterator[bytes]:
        for encoding in _ENCODINGS:
            try:
                yield self.id.encode(encoding)
            except UnicodeEncodeError:
                continue

    def _in_archive(self, path: Path) -> bool:
        try:
            with zipfile.ZipFile(path) as archive:
                return any(self._in_part(archive, name) for name in archive.namelist())
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            ValueError,
            OSError,
        ):  # ValueError: a table that is none
            return True

    def _in_part(self, archive: zipfile.ZipFile, name: str) -> bool:
        if name.endswith(_IDS):
            return bool(self.among(pd.read_parquet(BytesIO(archive.read(name)))["id"]).any())
        if not name.startswith("files/") or name.startswith("files/privacy/"):
            return False
        content = archive.read(name)
        return self.name.encode() in content or self._spelled(content)

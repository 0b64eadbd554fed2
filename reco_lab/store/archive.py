"""A backup's file: a zip of plain files under a manifest with the checksum of each, whole or not there."""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from reco_lab.core.errors import DataError
from reco_lab.store.durable import replaced

FORMAT = 1
MANIFEST = "backup.json"
_CHUNK = 1 << 20
_ZIP = b"PK\x03\x04"
_PART = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,120}")
_LONGEST_MANIFEST = 64 << 20
# what a zip with flipped bits and a list of another shape raise; a RuntimeError is for an entry that says it is encrypted
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, LookupError, AttributeError, ValueError, TypeError,
)  # fmt: skip


@dataclass(frozen=True)
class Backup:
    """What a backup holds. `files` gives the SHA-256 and the size in bytes of each; `facts` what a person sees.

    `lacking` are artefacts that were damaged or gone when it was made.
    """

    path: Path
    created: datetime
    facts: Mapping[str, Any]
    files: Mapping[str, tuple[str, int]]
    lacking: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of all files in it."""
        return sum(size for _, size in self.files.values())


def can_name(name: str) -> bool:
    """Whether a path inside a backup is one that leads nowhere else, on any system."""
    return all(_PART.fullmatch(part) for part in name.split("/"))


def write(
    path: Path,
    files: Mapping[str, Path],
    created: datetime,
    facts: Mapping[str, Any],
    lacking: tuple[str, ...] = (),
) -> Backup:
    """Write files under their names; only their owner may read the result. OSError leaves nothing behind."""
    with replaced(path) as draft:
        draft.touch(mode=0o600)
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            entries = {name: _add(archive, name, source) for name, source in files.items()}
            manifest = {
                "format": FORMAT,
                "created": created.isoformat(),
                "facts": dict(facts),
                "lacking": list(lacking),
                "files": entries,
            }
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return Backup(path, created, facts, entries, lacking)


def read(path: Path) -> Backup:
    """What a backup says of itself; DataError for a file that is none, or of a newer Reco Lab."""
    with _opened(path) as archive:
        manifest = _manifest(archive, path)
        files = {str(name): (str(entry[0]), int(entry[1])) for name, entry in manifest["files"].items()}
        lengths = {
            entry.filename: entry.file_size for entry in archive.infolist() if entry.filename != MANIFEST
        }
        if lengths != {name: size for name, (_, size) in files.items()} or not all(map(can_name, files)):
            raise _damaged(path, "what it holds is not what its list says")
        created = datetime.fromisoformat(manifest["created"])
        return Backup(path, created, manifest["facts"], files, tuple(manifest["lacking"]))


def extract(backup: Backup, folder: Path) -> None:
    """Unpack everything into an empty folder, each file held against its checksum; DataError for a damaged one."""
    with _opened(backup.path) as archive:
        for name, (digest, _) in backup.files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, place.open("wb") as target:
                found, _ = _copy(source, target)
            if found != digest:
                raise _damaged(backup.path, f"{name} is not what was backed up")


def verify(backup: Backup) -> None:
    """Read everything back; DataError for a damaged file."""
    with _opened(backup.path) as archive:
        for name, (digest, _) in backup.files.items():
            with archive.open(name) as source:
                if hashlib.file_digest(source, "sha256").hexdigest() != digest:  # type: ignore[arg-type] # a binary stream, which is all that is asked for
                    raise _damaged(backup.path, f"{name} is not what was backed up")


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> tuple[str, int]:
    with path.open("rb") as source, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as target:
        return _copy(source, target)


def _copy(source: IO[bytes], target: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        target.write(chunk)
    return digest.hexdigest(), size


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    if path.is_file() and not _begins_as_zip(path):
        raise _none(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (FileNotFoundError, IsADirectoryError) as error:
        what = (
            "There is no such file."
            if isinstance(error, FileNotFoundError)
            else "This is a folder, not a file."
        )
        raise DataError(what, where=path.name, fix="Name a backup that Reco Lab made.") from None
    except _UNREADABLE as error:
        raise _damaged(path, "it cannot be read to its end") from error


def _manifest(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    if MANIFEST not in archive.namelist() or archive.getinfo(MANIFEST).file_size > _LONGEST_MANIFEST:
        raise _none(path)
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if manifest["format"] > FORMAT:
        raise DataError(
            "It was made by a newer Reco Lab.", where=path.name, fix="Update Reco Lab to restore it."
        )
    return manifest


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return _ZIP.startswith(file.read(len(_ZIP)))  # what was cut off at once may have been one


def _none(path: Path) -> DataError:
    return DataError(
        "It is not a backup of Reco Lab.", where=path.name, fix="Name a backup that Reco Lab made."
    )


def _damaged(path: Path, what: str) -> DataError:
    return DataError(
        f"The backup is damaged: {what}.", where=path.name, fix="Use another one; nothing was changed."
    )

"""Public data sets: what there is, and fetching one from its publisher or from a folder."""

import hashlib
import shutil
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pydantic import BaseModel, ConfigDict

from reco_lab.core.errors import DataError, InputError, NotFoundError
from reco_lab.core.experiment import Columns
from reco_lab.store.disk import FULL, said_if_full
from reco_lab.workspace import Workspace

LIST = Path(__file__).resolve().parents[2] / "datasets" / "public.toml"
MOST_BYTES = 1 << 30
SECONDS = 60
_CHUNK = 1 << 20
_FOLDER = "public"


class PublicDataset(BaseModel):
    """A data set as its entry in `datasets/public.toml` describes it; file names are those of its publisher."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    about: str
    publisher: str
    licence: str
    page: str
    address: str = ""
    within: str = ""
    interactions: str | tuple[str, ...]
    customers: str | None = None
    items: str | None = None
    header: bool | None = None
    columns: Columns | None = None
    options: Mapping[str, Any] = {}
    sha256: Mapping[str, str] = {}
    note: str = ""


@dataclass(frozen=True)
class Fetched:
    """Files of a public data set in the workspace, and how to import them.

    `unchecked` names the files for which the list knows no checksum.
    """

    entry: PublicDataset
    interactions: Path
    customers: Path | None = None
    items: Path | None = None
    unchecked: tuple[str, ...] = field(default=())


def public_datasets() -> dict[str, PublicDataset]:
    """Every public data set that can be fetched, by name."""
    entries = tomllib.loads(LIST.read_text("utf-8"))
    return {name: PublicDataset(name=name, **entry) for name, entry in entries.items()}


def fetch(workspace: Workspace, name: str, *, from_folder: Path | None = None) -> Fetched:
    """Bring a public data set's files into the workspace, from its publisher or from a folder that has them.

    Raises NotFoundError for an unknown name or a lacking file, DataError where a checksum differs or more than
    1 GB comes, InputError where the publisher cannot be reached.
    """
    known = public_datasets()
    if name not in known:
        raise NotFoundError(
            f"There is no public data set called {name!r}.", fix=f"There are: {', '.join(known)}."
        )
    entry = known[name]
    draft = workspace.staging.folder()
    try:
        with said_if_full(workspace.home):
            if from_folder is None:
                _download(entry, draft)
            else:
                _copy(entry, from_folder, draft)
        unchecked = tuple(_check(entry, draft))
        home = workspace.home / _FOLDER / name
        shutil.rmtree(home, ignore_errors=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    paths = {role: _found(home, names) for role, names in _roles(entry)}
    return Fetched(entry, paths["interactions"], paths.get("customers"), paths.get("items"), unchecked)


def _roles(entry: PublicDataset) -> list[tuple[str, tuple[str, ...]]]:
    """What each file is for, and the names that it may have."""
    first = entry.interactions if isinstance(entry.interactions, tuple) else (entry.interactions,)
    others = [(role, (name,)) for role in ("customers", "items") if (name := getattr(entry, role))]
    return [("interactions", first), *others]


def _found(folder: Path, names: Iterable[str]) -> Path:
    return next(folder / name for name in names if (folder / name).is_file())


def _copy(entry: PublicDataset, folder: Path, draft: Path) -> None:
    for _, names in _roles(entry):
        places = [folder / name for name in names] + [folder / entry.within / name for name in names]
        place = next((one for one in places if one.is_file()), None)
        if place is None:
            raise NotFoundError(
                f"There is no file {' or '.join(names)}.",
                where=str(folder),
                fix=f"It comes from {entry.page}.",
            )
        shutil.copyfile(place, draft / place.name)


def _download(entry: PublicDataset, draft: Path) -> None:
    if not entry.address:
        raise InputError(
            "Its publisher gives it out on a page, not at an address.",
            where=entry.name,
            fix=f"Download it from {entry.page} and fetch it with --from DIR.",
        )
    target = draft / (PurePosixPath(entry.address).name or "download")
    request = urllib.request.Request(entry.address, headers={"User-Agent": "reco-lab"})  # noqa: S310 - our own list's address
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer, target.open("wb") as file:  # noqa: S310 - likewise
            _copy_at_most(answer, file, entry.name)
    except OSError as error:
        if error.errno in FULL:
            raise
        raise InputError(
            f"{entry.address} cannot be reached ({error}).",
            where=entry.name,
            fix=f"Download it elsewhere from {entry.page} and fetch it with --from DIR.",
        ) from error
    if zipfile.is_zipfile(target) and target.suffix == ".zip":
        _unpack(entry, target, draft)
        target.unlink()


def _copy_at_most(source: IO[bytes], target: IO[bytes], name: str) -> None:
    size = 0
    while part := source.read(_CHUNK):
        size += len(part)
        if size > MOST_BYTES:
            raise DataError("It is larger than 1 GB, which its publisher does not say.", where=name)
        target.write(part)


def _unpack(entry: PublicDataset, archive: Path, draft: Path) -> None:
    """Only the files that are needed, under their bare names: no path in an archive is followed."""
    with zipfile.ZipFile(archive) as packed:
        members = {PurePosixPath(one).name: one for one in packed.namelist()}
        for _, names in _roles(entry):
            name = next((one for one in names if one in members), None)
            if name is None:
                raise NotFoundError(
                    f"The archive holds no {' or '.join(names)}.", where=entry.name, fix=f"See {entry.page}."
                )
            with packed.open(members[name]) as source, (draft / name).open("wb") as target:
                _copy_at_most(source, target, entry.name)


def _check(entry: PublicDataset, draft: Path) -> Iterable[str]:
    for path in sorted(draft.iterdir()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        expected = entry.sha256.get(path.name)
        if expected is None:
            yield path.name
        elif digest != expected:
            raise DataError(
                f"{path.name} is not the file that its publisher gives out (SHA-256 {digest[:12]}..., not "
                f"{expected[:12]}...).",
                where=entry.name,
                fix=f"Download it again from {entry.page}.",
            )

"""Arrays, tables and files in folders named by their content, whole or not there at all, checked before use."""

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.errors import CorruptError, NotFoundError
from reco_lab.core.recommender import State
from reco_lab.store.disk import said_if_full, size_of
from reco_lab.store.durable import sync_files, sync_folder
from reco_lab.store.staging import Staging

FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_ID = re.compile(r"[0-9a-f]{64}")
_ARRAYS = "arrays.npz"


@dataclass(frozen=True, eq=False)
class Artefact:
    """What was saved; `path` is its folder, with the saved files under `path / "files"`."""

    id: str
    kind: str
    arrays: Mapping[str, NDArray[Any]]
    meta: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    path: Path


@dataclass(frozen=True, eq=False)
class Artefacts:
    """Folders under `root`, one an artefact: `arrays.npz`, `tables/*.parquet`, `files/*` and `manifest.json`.

    The manifest holds the SHA-256 of each file and the artefact's id is the SHA-256 of the manifest, so the
    same content has the same id and nothing can change unseen. Nothing is ever pickled.
    """

    root: Path
    staging: Staging

    def save(
        self,
        kind: str,
        *,
        arrays: Mapping[str, NDArray[Any]] | None = None,
        meta: Mapping[str, Any] | None = None,
        tables: Mapping[str, pd.DataFrame] | None = None,
        files: Mapping[str, Path] | None = None,
    ) -> str:
        """Save and return the id; durable when it returns, and never half there whatever happens meanwhile.

        Arrays of objects are refused with ValueError, a full disk with InputError. Content that is there but
        damaged is put right. It belongs to this process until a record names it.
        """
        with self.staging.scratch() as draft, said_if_full(self.root.parent):
            _write_arrays(draft, arrays or {})
            _write_tables(draft, tables or {})
            _copy_files(draft, files or {})
            id_ = _write_manifest(draft, kind, meta or {})
            self.publish(draft, id_)
        return id_

    def load(self, id_: str) -> Artefact:
        """Load all but the files, each checked first; NotFoundError or CorruptError."""
        path = self.path(id_)
        if not path.is_dir():
            raise NotFoundError(f"There is no artefact {id_[:12]!r} in this workspace.")
        manifest = _checked(path, id_)
        names = [name for name in manifest["files"] if name.startswith("tables/")]
        tables = {Path(name).stem: pd.read_parquet(path / name) for name in names}
        arrays = _read_arrays(path) if _ARRAYS in manifest["files"] else {}
        return Artefact(id_, manifest["kind"], arrays, manifest["meta"], tables, path)

    def save_state(self, spec: Mapping[str, Any], state: State) -> str:
        """Save a fitted model: its recommender's `to_dict()` and its scorer's `state()`."""
        arrays: dict[str, NDArray[Any]] = {}
        tree = _flatten(state, arrays)
        return self.save("model", arrays=arrays, meta={"recommender": dict(spec), "state": tree})

    def load_state(self, id_: str) -> tuple[dict[str, Any], State]:
        """A saved model: the recommender's dictionary and the state for its `restore`."""
        artefact = self.load(id_)
        return artefact.meta["recommender"], _rebuild(artefact.meta["state"], artefact.arrays)

    def path(self, id_: str) -> Path:
        """The folder of an artefact, there or not; NotFoundError for what cannot be an id."""
        if not _ID.fullmatch(id_):
            raise NotFoundError(f"{id_!r} is not the id of an artefact.")
        return self.root / id_[:2] / id_

    def publish(self, draft: Path, id_: str) -> None:
        """Give a finished folder its place; a whole one that is there stays, a damaged one is replaced."""
        target = self.path(id_)
        self.staging.note(id_)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            if self.whole(id_):
                return
            target.rename(self.staging.folder() / "damaged")
        try:
            draft.rename(target)
        except OSError:
            if not self.whole(id_):
                raise
        sync_folder(target.parent)
        sync_folder(self.root)

    def ids(self) -> list[str]:
        """The ids of all artefacts that are there."""
        return sorted(path.name for path in self.root.glob("[0-9a-f][0-9a-f]/*") if _ID.fullmatch(path.name))

    def size(self, id_: str) -> int:
        """How many bytes an artefact takes."""
        return size_of(self.path(id_))

    def whole(self, id_: str) -> bool:
        """Whether an artefact is there and every file of it is what was written."""
        try:
            _checked(self.path(id_), id_)
        except CorruptError:
            return False
        return True

    def with_parts(self, ids: Iterable[str]) -> set[str]:
        """These ids and those that their manifests name, and so on."""
        known: set[str] = set()
        found = set(ids)
        while found:
            known |= found
            manifests = [self.path(id_) / "manifest.json" for id_ in found if _ID.fullmatch(id_)]
            named = (_ids_in(path.read_text("utf-8", "replace")) for path in manifests if path.exists())
            found = set().union(*named).intersection(self.ids()) - known
        return known

    def settle(self, named: Callable[[], set[str]]) -> None:
        """What a record names belongs to the record, and no more to the process that published it."""
        with self.staging.alone():
            self.staging.settle(self.with_parts(named()))

    def lost(self, named: Callable[[], set[str]]) -> list[str]:
        """What no record names and no living process is about to name. `named` gives the ids in the records."""
        with self.staging.alone():
            return self._lost(named)

    def remove_lost(self, named: Callable[[], set[str]]) -> list[str]:
        """Remove what `lost` tells; each disappears as a whole. Returns the ids."""
        with self.staging.scratch() as rubbish, self.staging.alone():
            gone = self._lost(named)
            self._set_aside(gone, rubbish)
        return gone

    def remove(self, ids: Iterable[str], named: Callable[[], set[str]]) -> list[str]:
        """Remove those of these that no record names, even what a living process published a moment ago.

        For what must not be there any more. Returns the ids of what was removed.
        """
        with self.staging.scratch() as rubbish, self.staging.alone():
            gone = set(ids) - self.with_parts(named())
            there = [id_ for id_ in sorted(gone) if self.path(id_).exists()]
            self._set_aside(there, rubbish)
        return there

    def sweep(self, named: Callable[[], set[str]]) -> int:
        """Remove what dead processes left: their scratch, and what they published and never came to record."""
        return self.staging.sweep(
            lambda lost, rubbish: self._set_aside(lost - self.with_parts(named()), rubbish)
        )

    def _lost(self, named: Callable[[], set[str]]) -> list[str]:
        kept = self.with_parts(named() | self.staging.in_flight())
        return [id_ for id_ in self.ids() if id_ not in kept]

    def _set_aside(self, ids: Iterable[str], rubbish: Path) -> None:
        for id_ in ids:
            if _ID.fullmatch(id_) and self.path(id_).exists():
                self.path(id_).rename(rubbish / id_)


def _write_arrays(draft: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    if not arrays:
        return
    # written by hand and not by numpy.savez, because that takes the names as keyword arguments and may pickle
    with zipfile.ZipFile(draft / _ARRAYS, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(entry, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asanyarray(arrays[name]), allow_pickle=False)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path / _ARRAYS, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _write_tables(draft: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        path = _place(draft / "tables", name, ".parquet")
        table.to_parquet(path, engine="pyarrow", compression="zstd")


def _copy_files(draft: Path, files: Mapping[str, Path]) -> None:
    for name, source in files.items():
        shutil.copyfile(source, _place(draft / "files", name, ""))


def _place(folder: Path, name: str, suffix: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a part of an artefact.")
    folder.mkdir(exist_ok=True)
    return folder / f"{name}{suffix}"


def _write_manifest(draft: Path, kind: str, meta: Mapping[str, Any]) -> str:
    names = sorted(path.relative_to(draft).as_posix() for path in draft.rglob("*") if path.is_file())
    digests = {name: _digest(draft / name) for name in names}
    manifest = {"format": FORMAT, "kind": kind, "meta": dict(meta), "files": digests}
    text = json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False).encode()
    (draft / "manifest.json").write_bytes(text)
    sync_files(draft / name for name in [*names, "manifest.json"])
    for folder in [*(path for path in draft.iterdir() if path.is_dir()), draft]:
        sync_folder(folder)
    return hashlib.sha256(text).hexdigest()


def _checked(path: Path, id_: str) -> dict[str, Any]:
    try:
        text = (path / "manifest.json").read_bytes()
        damaged = [] if hashlib.sha256(text).hexdigest() == id_ else ["manifest.json"]
        manifest: dict[str, Any] = {} if damaged else json.loads(text)
        damaged += [
            name for name, known in manifest.get("files", {}).items() if _digest(path / name) != known
        ]
    except OSError as error:
        raise CorruptError(f"A stored file cannot be read any more: {error}.") from error
    if damaged:
        raise CorruptError(f"Stored files are damaged: {', '.join(damaged)} of {path.name[:12]}.")
    if manifest["format"] > FORMAT:
        raise CorruptError(f"{path.name[:12]} was stored by a newer Reco Lab; update Reco Lab to read it.")
    return manifest


def _ids_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", text))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flatten(state: State, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    keys: dict[str, str] = {}
    for name, array in sorted(state.arrays.items()):
        keys[name] = f"a{len(arrays)}"
        arrays[keys[name]] = array
    children = [_flatten(child, arrays) for child in state.children]
    return {"arrays": keys, "meta": dict(state.meta), "texts": dict(state.texts), "children": children}


def _rebuild(tree: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> State:
    own = {name: arrays[key] for name, key in tree["arrays"].items()}
    children = tuple(_rebuild(child, arrays) for child in tree["children"])
    return State(own, tree["meta"], tree["texts"], children)

"""Backup and restore: everything of a workspace in one file, and back from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reco_lab.core.clock import Clock
from reco_lab.core.errors import DataError, InputError, NotNowError
from reco_lab.services.server_files import INBOX
from reco_lab.store import archive
from reco_lab.store.archive import Backup
from reco_lab.store.artefacts import Artefacts
from reco_lab.store.database import STATE, Database, newest_revision
from reco_lab.store.disk import look, said_if_full, size_text
from reco_lab.store.durable import sync_files, sync_folder
from reco_lab.store.events.connecting import FILE as LOG
from reco_lab.store.events.copying import copy_log, is_log, log_is_whole, put_log_back
from reco_lab.store.locks import FileLock
from reco_lab.store.rows import copy_rows
from reco_lab.store.store import Store
from reco_lab.workspace import Workspace

FOLDER, SAFETY = "backups", "before-restore"
MARGIN = 16 << 20
# what is made, brought or fetched again, or belongs to living processes; everything else in the folder is somebody's and is kept
_LEFT_OUT = {"artefacts", "staging", "log", FOLDER, "ballast", "public", INBOX, "worker.wanted", "rehearsal"}
# who objected after the backup was made has objected still
_UNITED = {Path("privacy", "suppressed.txt")}
_SEAL = Path("privacy", "audit.seal")


@dataclass(frozen=True)
class Restored:
    """What came back, where the state of before is kept (None if there was nothing), and what did not come back and why."""

    backup: Backup
    kept: Path | None
    left: str = ""


def backup(workspace: Workspace, target: Path | None = None) -> Backup:
    """Write everything of the workspace into one .zip, check it, and tell what is in it; others go on working.

    `target` is the file, or a folder for a file named by the moment; by default the workspace's `backups`,
    which does not survive its disk. The file holds data of people, and the key of their pseudonyms, so only
    its owner may read it. A log of decisions on a database server is not in it. A damaged artefact is left
    out, a damaged log is in it as it is; both are named. Raises InputError if the file is there, the disk is too full, or another backup, restore or
    tidying is at work.
    """
    path = _target(workspace, target)
    with alone(workspace), said_if_full(path.parent):
        return _backup(workspace, path)


def restore(path: Path, home: Path, *, clock: Clock | None = None) -> Restored:
    """Bring a workspace back to what a backup holds; its records are all of the old or all of the new.

    Everything is checked before anything is touched, then the state of now is backed up into `backups`. An
    app that has the workspace open sees the restored state at once. Small files such as the key come last;
    lists of people who objected are united and never shortened, and the audit trail stays as it is, as does
    the log of decisions while somebody writes it. Raises DataError for a damaged backup or one of a newer
    Reco Lab, InputError where the disk is too full. Whoever is interrupted may do it again; where that was while the
    log was put back, the next start puts back the rest of it.
    """
    known = archive.read(path)
    workspace = Workspace.open(home, clock=clock)
    try:
        with alone(workspace), said_if_full(workspace.home):
            _require(known.size, workspace.home)
            with workspace.staging.scratch() as draft:
                archive.extract(known, draft)
                state = _checked_state(known, draft, workspace)
                kept = None if _is_new(workspace) else _backup(workspace, _named(workspace, SAFETY)).path
                _publish(workspace, draft)
                ours = _same_key(draft, workspace.home)
                copy_rows(state, workspace.store.database, ("audit",) if ours else ())
                (draft / "files" / _SEAL if ours else workspace.home / _SEAL).unlink(missing_ok=True)
                state.close()
                workspace.queue.reap()
                left = put_log_back(draft / "files", workspace.home, on_server=workspace.server is not None)
                _put_back(draft / "files", workspace.home)
        workspace.log.info("restored", backup=path.name, kept=None if kept is None else kept.name, left=left)
    finally:
        workspace.close()
    return Restored(known, kept, left)


def backups(workspace: Workspace) -> list[Backup]:
    """The backups in the workspace's own folder, newest first; a damaged one is left out."""
    found = []
    for path in (workspace.home / FOLDER).glob("*.zip"):
        try:
            found.append(archive.read(path))
        except DataError as error:
            workspace.log.warning("backup cannot be read", file=path.name, why=str(error))
    return sorted(found, key=lambda one: one.created, reverse=True)


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """Keep other backups, restores and tidyings out meanwhile; NotNowError if one is at work."""
    lock = FileLock(workspace.home / "upkeep.lock")
    if not lock.acquire(timeout=1.0):
        raise NotNowError("Another backup, restore or tidying is at work.", fix="Wait until it has finished.")
    try:
        yield
    finally:
        lock.release()


def _target(workspace: Workspace, target: Path | None) -> Path:
    if target is None:
        return _named(workspace, "reco-lab")
    if target.is_dir():
        return target / _named(workspace, "reco-lab").name
    if target.exists():
        raise InputError("There is a file of this name.", where=str(target), fix="Choose another name.")
    return target


def _named(workspace: Workspace, word: str) -> Path:
    return workspace.home / FOLDER / f"{word}-{workspace.clock.now():%Y-%m-%d-%H%M%S-%f}.zip"


def _backup(workspace: Workspace, path: Path) -> Backup:
    with workspace.staging.scratch() as draft:
        named = _copied_state(workspace, draft)
        whole = [id_ for id_ in named if workspace.artefacts.whole(id_)]
        files = {STATE: draft / STATE} | _extras(workspace.home)
        files |= {f"files/{name}": file for name, file in copy_log(workspace.home, draft).items()}
        files |= {name: file for id_ in whole for name, file in _files_of(workspace.artefacts, id_)}
        path.parent.mkdir(parents=True, exist_ok=True)
        _require(sum(file.stat().st_size for file in files.values()), path.parent)
        damaged = set() if log_is_whole(draft) else {LOG}
        lacking = tuple(sorted(damaged | set(named) - set(whole)))
        made = archive.write(path, files, workspace.clock.now(), _facts(workspace, len(whole)), lacking)
    archive.verify(made)
    workspace.log.info("backup made", file=path.name, size=made.size, lacking=len(lacking))
    return made


def _copied_state(workspace: Workspace, folder: Path) -> list[str]:
    """Copy the records of one moment into `folder / state.db`; the artefacts that they name."""
    source = workspace.store.database
    if not source.on_server:
        source.copy(folder / STATE)
    state = Database.open(folder)
    if source.on_server:
        copy_rows(source, state)
    store = Store(state, workspace.clock)
    # a fingerprint looks like the id of an artefact and is none, so only what is there is taken for one
    there = set(workspace.artefacts.ids()) & workspace.artefacts.with_parts(store.references())
    named = there | {one.artefact for one in store.all_versions()}
    state.close()
    return sorted(named)


def _facts(workspace: Workspace, artefacts: int) -> dict[str, Any]:
    return {
        "version": version("reco-lab"),
        "revision": newest_revision(),
        "data_sets": len(workspace.store.datasets()),
        "experiments": len(workspace.store.experiments()),
        "artefacts": artefacts,
    }


def _extras(home: Path) -> dict[str, Path]:
    """Small files that others keep in the workspace: the key, the suppression list, recipes."""
    places = [place for place in home.iterdir() if place.name not in _LEFT_OUT and not _of_the_system(place)]
    files = [file for place in places for file in (place, *place.rglob("*")) if file.is_file()]
    theirs = [file for file in files if not _of_the_system(file)]
    named = {f"files/{file.relative_to(home).as_posix()}": file for file in theirs}
    return {name: file for name, file in named.items() if archive.can_name(name)}


def _of_the_system(place: Path) -> bool:
    ours = place.name.startswith(STATE) or is_log(place.name)
    return ours or place.suffix in {".lock", ".draft"} or place.is_symlink()


def _files_of(artefacts: Artefacts, id_: str) -> Iterator[tuple[str, Path]]:
    folder = artefacts.path(id_)
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield f"artefacts/{id_[:2]}/{id_}/{file.relative_to(folder).as_posix()}", file


def _checked_state(known: Backup, draft: Path, workspace: Workspace) -> Database:
    """The unpacked records, migrated; DataError unless they and every artefact are whole."""
    state = Database.open(draft)
    there = Artefacts(draft / "artefacts", workspace.staging)
    wrong = state.check() + [f"{id_[:12]} is not whole" for id_ in there.ids() if not there.whole(id_)]
    needed = {one.artefact for one in Store(state, workspace.clock).all_versions()}
    wrong += [f"{id_[:12]} is not in it" for id_ in sorted(needed - set(there.ids()) - set(known.lacking))]
    if wrong:
        state.close()
        raise DataError(f"The backup is damaged: {wrong[0]}.", where=known.path.name, fix="Use another one.")
    return state


def _same_key(draft: Path, home: Path) -> bool:
    """Whether a backup is of this very workspace, whose audit trail goes on."""
    places = [folder / "keys" / "pseudonyms.key" for folder in (draft / "files", home)]
    return all(place.exists() for place in places) and places[0].read_bytes() == places[1].read_bytes()


def _is_new(workspace: Workspace) -> bool:
    store = workspace.store
    return not (store.datasets() or store.dropped() or store.experiments() or workspace.queue.recent(1))


def _publish(workspace: Workspace, draft: Path) -> None:
    for folder in sorted((draft / "artefacts").glob("*/*")):
        workspace.artefacts.publish(folder, folder.name)


def _put_back(files: Path, home: Path) -> None:
    for source in sorted(path for path in files.rglob("*") if path.is_file()):
        if is_log(source.relative_to(files).parts[0]):
            continue
        place = home / source.relative_to(files)
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.relative_to(files) in _UNITED and place.exists():
            lines = {*source.read_text("utf-8").splitlines(), *place.read_text("utf-8").splitlines()}
            source.write_text("".join(f"{line}\n" for line in sorted(lines)), "utf-8")
        source.chmod(0o600)
        sync_files([source])
        source.replace(place)
        sync_folder(place.parent)


def _require(size: int, folder: Path) -> None:
    seen = look(folder)
    if seen.free < size + MARGIN:
        raise InputError(
            f"It needs {size_text(size + MARGIN)}, and {seen.sentence}",
            where=str(folder),
            fix="Free some space.",
        )

"""What keeps a workspace well: backups, undo, retention, the disk, and a look at how everything is.

The Settings page shows `diagnostics`, `disk`, `backups`, `dropped`, `retention` and `tidy` (a dry run), and
does `backup`, `restore`, `bring_back`, `drop`, `set_retention` and `tidy(dry_run=False)`.
"""

import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from reco_lab.core.errors import InputError
from reco_lab.jobs.start import worker_lives
from reco_lab.services.ancestry import superseded
from reco_lab.services.backups import Restored, alone, backup, backups, restore
from reco_lab.services.decisions import open_log
from reco_lab.services.retention import Retention, expire, moment_before, retention, set_retention
from reco_lab.store.archive import Backup
from reco_lab.store.disk import Disk, drop_ballast, lay_ballast, look, size_of, size_text
from reco_lab.store.events.copying import log_is_whole, log_size
from reco_lab.store.events.log import EventLog
from reco_lab.store.forgetting import learnt_from
from reco_lab.store.publications import Publication
from reco_lab.store.records import DatasetVersion, JobState
from reco_lab.workspace import Workspace

__all__ = [
    "Backup",
    "Diagnostics",
    "Restored",
    "Retention",
    "Tidied",
    "backup",
    "backups",
    "bring_back",
    "diagnostics",
    "disk",
    "drop",
    "dropped",
    "restore",
    "retention",
    "set_retention",
    "tidy",
    "tidy_if_due",
]

LIBRARIES = ("streamlit", "pandas", "numpy", "scipy", "pyarrow", "duckdb", "sqlalchemy", "psycopg")
FOLDERS = ("artefacts", "backups", "log", "public", "staging")
LAST = "retention.last"


@dataclass(frozen=True)
class Tidied:
    """What was removed, or would be."""

    versions: tuple[DatasetVersion, ...]
    publications: tuple[int, ...]
    runs: tuple[str, ...]
    jobs: tuple[str, ...]
    artefacts: tuple[str, ...]
    logs: tuple[Path, ...]
    decisions: int
    size: int

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to remove."""
        return not any(value for name, value in vars(self).items() if name != "size")

    @property
    def sentence(self) -> str:
        """The same in words."""
        parts = {
            "version": len(self.versions),
            "publication": len(self.publications),
            "trained model": len(self.runs),
            "job": len(self.jobs),
            "stored file": len(self.artefacts),
            "day of the log": len(self.logs),
            "decision": self.decisions,
        }
        told = [f"{count:,} {_plural(name, count)}" for name, count in parts.items() if count]
        return f"{', '.join(told)}: {size_text(self.size)}." if told else "There is nothing to remove."


@dataclass(frozen=True)
class Diagnostics:
    """How the workspace is: what a person sees, and what they send when they ask for help. No data in it.

    `sizes` are bytes by part. `problems` are sentences, empty if all is well.
    """

    home: Path
    at: datetime
    database: str
    revision: str | None
    versions: dict[str, str]
    sizes: dict[str, int]
    counts: dict[str, int]
    disk: Disk
    worker: bool
    problems: tuple[str, ...]


def disk(workspace: Workspace) -> Disk:
    """How much of the workspace's disk is free; `low` asks for a warning, `scarce` refuses new work."""
    return look(workspace.home)


def diagnostics(workspace: Workspace, *, thorough: bool = False) -> Diagnostics:
    """Look at everything; `thorough` also reads every stored file and holds it against its checksum."""
    store, database = workspace.store, workspace.store.database
    recent = workspace.queue.recent(1000)
    return Diagnostics(
        home=workspace.home,
        at=workspace.clock.now(),
        database=database.description,
        revision=database.revision(),
        versions={"reco-lab": version("reco-lab"), "python": platform.python_version()} | _libraries(),
        sizes=_sizes(workspace.home),
        counts={
            "data sets": len(store.datasets()),
            "versions": len(store.all_versions()),
            "experiments": len(store.experiments()),
            "stored files": len(workspace.artefacts.ids()),
            "jobs waiting": sum(job.state is JobState.queued for job in recent),
            "jobs running": sum(job.state is JobState.running for job in recent),
        },
        disk=disk(workspace),
        worker=worker_lives(workspace.home),
        problems=tuple(_problems(workspace, thorough=thorough)),
    )


def drop(workspace: Workspace, name: str, version: int) -> DatasetVersion:
    """Undo an import: the version is gone from everywhere, and `bring_back` undoes that."""
    gone = workspace.store.drop_dataset(name, version)
    workspace.log.info("version dropped", dataset=gone.name, version=gone.version)
    return gone


def bring_back(workspace: Workspace, name: str, version: int) -> DatasetVersion:
    """Bring a dropped version back, within the days that `Retention.dropped` gives; NotFoundError after them."""
    return workspace.store.bring_back(name, version)


def dropped(workspace: Workspace) -> list[tuple[DatasetVersion, datetime]]:
    """The versions that can be brought back, and until when; the last dropped first."""
    kept = timedelta(days=retention(workspace).dropped)
    return [(one, one.dropped + kept) for one in workspace.store.dropped() if one.dropped is not None]


def _forget_people(workspace: Workspace, names: set[str]) -> None:
    """Remove segments and campaigns of data sets of which no version is left: who was in them goes with the data."""
    left = {one.name for one in workspace.store.all_versions()}
    for record in workspace.segments.listing():
        if record.dataset in names - left:
            workspace.segments.remove(record.id)
    for campaign in workspace.campaigns.listing():
        if campaign.dataset in names - left:
            workspace.campaigns.delete(campaign.id)


def tidy(workspace: Workspace, wanted: Retention | None = None, *, dry_run: bool = True) -> Tidied:
    """Remove what is older than the retention allows, and stored files that no record names; or tell what it would.

    It works on a full disk as well. InputError if a backup or a restore is at work.
    """
    with alone(workspace):
        found = _expired(workspace, wanted or retention(workspace))
        if dry_run:
            return found
        drop_ballast(workspace.home)
        if found.decisions:
            _expire_unserved(workspace)
        workspace.store.forget_versions(found.versions)
        _forget_people(workspace, {one.name for one in found.versions})
        workspace.publications.forget(found.publications)
        workspace.store.forget_runs(found.runs)
        workspace.queue.forget(found.jobs)
        workspace.artefacts.remove_lost(workspace.store.references)
        for path in found.logs:
            path.unlink(missing_ok=True)
        lay_ballast(workspace.home)
    counts = {name: value if isinstance(value, int) else len(value) for name, value in asdict(found).items()}
    workspace.log.info("tidied", **counts)
    return found


def tidy_if_due(workspace: Workspace) -> Tidied | None:
    """Tidy by the workspace's retention, at most once a day; for whoever starts the app, and the service that runs on.

    None if not due, or while a backup keeps it out: then it is due still.
    """
    today, last = workspace.clock.now().date().isoformat(), workspace.store.get_setting(LAST)
    if last == today:
        return None
    workspace.store.set_setting(LAST, today)  # now, as others may look meanwhile
    try:
        return tidy(workspace, dry_run=False)
    except InputError:
        workspace.store.set_setting(LAST, last or "")
        return None


def _expired(workspace: Workspace, wanted: Retention) -> Tidied:
    store, now = workspace.store, workspace.clock.now()

    def before(days: int | None) -> datetime:
        return moment_before(now, days)

    dropped = [
        one for one in store.dropped() if one.dropped is not None and one.dropped < before(wanted.dropped)
    ]
    serving, published = workspace.publications.serving(), superseded(workspace, before(wanted.publications))
    gone = _unlearnt(dropped, [] if serving is None else [serving])
    versions = (*gone, *_superseded(workspace, before(wanted.versions)))
    runs, jobs = store.runs_before(before(wanted.runs)), workspace.queue.over_before(before(wanted.jobs))
    leaving: set[tuple[str, ...]] = {("datasets", one.name, str(one.version)) for one in versions}
    leaving |= {("runs", key) for key in runs} | {("jobs", id_) for id_ in jobs}
    leaving |= {("publications", str(one.number)) for one in published}
    workspace.artefacts.settle(store.references)
    artefacts = workspace.artefacts.lost(lambda: store.references(leaving))
    logs = _old_logs(workspace.home / "log", before(wanted.log))
    size = sum(map(workspace.artefacts.size, artefacts)) + sum(path.stat().st_size for path in logs)
    decisions = _older_decisions(workspace, before(wanted.decisions))
    numbers = tuple(one.number for one in published)
    return Tidied(versions, numbers, tuple(runs), tuple(jobs), tuple(artefacts), logs, decisions, size)


def _older_decisions(workspace: Workspace, before: datetime) -> int:
    log = open_log(workspace)
    try:
        return log.decided_before(before)
    finally:
        log.close()


def _expire_unserved(workspace: Workspace) -> None:
    """Where no process serves ads, the log has no writer who would do it by himself."""
    try:
        log = EventLog.open(workspace.home, workspace.clock, workspace.server, writer=True)
    except InputError:
        return
    try:
        expire(workspace, log)
    finally:
        log.close()


def _superseded(workspace: Workspace, before: datetime) -> list[DatasetVersion]:
    """Versions that a newer one replaced, that are old, and of which no experiment and no publication knows."""
    used = {(one.dataset, one.fingerprint) for one in workspace.store.experiments()}
    newest = {(one.name, one.version) for one in workspace.store.datasets()}
    old = [
        one
        for one in workspace.store.all_versions()
        if one.dropped is None
        and one.created < before
        and (one.name, one.version) not in newest
        and (one.name, one.fingerprint) not in used
    ]
    return _unlearnt(old, workspace.publications.history())


def _unlearnt(versions: Sequence[DatasetVersion], published: Sequence[Publication]) -> list[DatasetVersion]:
    """Those without which each of these publications can serve: its models are of no use without their own data."""
    needed = {
        (one.spec["dataset"], fingerprint) for one in published for fingerprint in learnt_from(one.spec)
    }
    return [one for one in versions if (one.name, one.fingerprint) not in needed]


def _old_logs(folder: Path, before: datetime) -> tuple[Path, ...]:
    return tuple(path for path in sorted(folder.glob("????-??-??.jsonl")) if path.stem < f"{before:%Y-%m-%d}")


def _problems(workspace: Workspace, *, thorough: bool) -> list[str]:
    found = [f"The database: {line}" for line in workspace.store.database.check()]
    there = set(workspace.artefacts.ids())
    found += [
        f"The files of {one.name} version {one.version} are gone; restore a backup."
        for one in workspace.store.all_versions()
        if one.artefact not in there
    ]
    if thorough:
        damaged = [id_ for id_ in sorted(there) if not workspace.artefacts.whole(id_)]
        found += [f"The stored file {id_[:12]} is damaged; restore a backup." for id_ in damaged]
        found += (
            [] if log_is_whole(workspace.home) else ["The log of decisions is damaged; restore a backup."]
        )
    if disk(workspace).low:
        found.append(f"The disk is nearly full: {disk(workspace).sentence}")
    return found


def _sizes(home: Path) -> dict[str, int]:
    sizes = {name: size_of(home / name) for name in FOLDERS}
    return sizes | {"database": sum(map(size_of, home.glob("state.db*"))), "log of decisions": log_size(home)}


def _libraries() -> dict[str, str]:
    found: dict[str, str] = {"platform": sys.platform}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _plural(name: str, count: int) -> str:
    if count == 1:
        return name
    return name.replace("day", "days", 1) if name.startswith("day ") else f"{name}s"

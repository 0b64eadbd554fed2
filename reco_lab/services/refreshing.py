"""Rows of a database as a data set, and the same again later: everything anew, or only what came since."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reco_lab.core.errors import DataError, InputError
from reco_lab.core.progress import Report
from reco_lab.core.recipe import Origin, Recipe
from reco_lab.core.stored import known
from reco_lab.core.words import count
from reco_lab.services import recipes
from reco_lab.services.databases import fetch, mark_beside
from reco_lab.services.import_report import ImportReport
from reco_lab.services.importing import import_file
from reco_lab.services.merging import LOG, parts
from reco_lab.sources.sql.marks import Mark
from reco_lab.store.records import DatasetVersion, Job
from reco_lab.workspace import Workspace

JOB = "database refresh"
_TABLES_GONE = (
    "The tables of customers and items that came as files are not in the new version; bring them again."
)


_LOG_GONE = (
    "What the log of the ads gave is not in the new version; the gate adds it again with its next round."
)


@dataclass(frozen=True, eq=False)
class Refreshed:
    """What came of a refresh: the newest version, its report (None: nothing was new), and what was noticed."""

    dataset: DatasetVersion
    report: ImportReport | None
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What came, in words."""
        title = self.dataset.title or self.dataset.name
        if self.report is None:
            return f"Nothing new has come to {title}."
        return f"{title} is at version {self.dataset.version}: {count(self.report.loaded, 'row')} came in."


def bring_in(workspace: Workspace, path: Path, name: str, origin: Origin | None, **said: Any) -> ImportReport:
    """Import rows that were fetched into a file, or a file of no database; the rest is as for `import_file`."""
    report = import_file(workspace, path, name, origin=origin, **said)
    if (mark := mark_beside(path)) is not None:
        recipes.keep_mark(workspace, report.dataset, asdict(mark))
    return report


def origin_of(workspace: Workspace, version: DatasetVersion) -> Origin | None:
    """Where in a database a version came from; None for one that came from elsewhere."""
    recipe = recipes.recipe_of(workspace, version)
    return None if recipe is None else recipe.origin


def refresh(
    workspace: Workspace, name: str, report: Report = lambda _fraction, _message: None, *, anew: bool = False
) -> Refreshed:
    """Read a data set's table or query again by its recipe, and keep what came as its next version.

    With a growing column only what came since is read, unless everything is wanted `anew`. Raises InputError, and
    leaves the data set as it is, where it did not come from a database or cannot be read.
    """
    version = workspace.store.dataset(name)
    recipe = recipes.recipe_of(workspace, version)
    if recipe is None or recipe.origin is None:
        raise InputError(
            "It did not come from a database.", where=name, fix="Bring it from a database first."
        )
    after = None if anew or recipe.origin.grows_by is None else _mark(workspace, version)
    with workspace.staging.scratch() as folder:
        found = fetch(workspace, recipe.origin, folder, report, after=after)
        if not found.rows and after is not None:
            return Refreshed(version, None, found.notes)
        if not found.rows:
            raise DataError("It has no rows any more.", where=name, fix="The version that is here stays.")
        report(1.0, f"Importing {count(found.rows, 'row')}")
        done = bring_in(
            workspace, found.path, name, recipe.origin,
            title=version.title, recipe=recipe, append=after is not None, all_new=True,
        )  # fmt: skip
    gone = _gone(workspace, version, recipe) if after is None else ()
    return Refreshed(done.dataset, done, (*found.notes, *gone))


def submit(workspace: Workspace, name: str, *, anew: bool = False) -> str:
    """Queue a refresh; returns the job's id."""
    payload = {"name": f"Bringing what is new to {name}", "dataset": name, "anew": anew}
    return workspace.queue.submit(JOB, payload, key=f"{JOB}:{name}")


def job_of(workspace: Workspace, name: str) -> Job | None:
    """The latest job that reads a data set again."""
    return workspace.queue.latest(f"{JOB}:{name}")


def compute(workspace: Workspace, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Refresh as it was queued."""
    done = refresh(workspace, str(payload["dataset"]), report, anew=bool(payload["anew"]))
    warnings = () if done.report is None else done.report.warnings
    return {"sentence": done.sentence, "notes": [*done.notes, *warnings]}


def _mark(workspace: Workspace, version: DatasetVersion) -> Mark | None:
    kept = recipes.mark_of(workspace, version)
    return None if kept is None else known(Mark, kept)


def _gone(workspace: Workspace, before: DatasetVersion, recipe: Recipe) -> Iterator[str]:
    """What of the version before does not come from the database, and so is not in one that was read anew."""
    if recipe.customers or recipe.items:
        yield _TABLES_GONE
    if any(one.file == LOG for one in parts(workspace, before)):
        yield _LOG_GONE

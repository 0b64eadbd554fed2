"""Take an experiment away as a run card, and repeat one to the digit."""

from pathlib import Path

from reco_lab.core.errors import NotFoundError
from reco_lab.core.experiment import DataSpec
from reco_lab.core.progress import Report
from reco_lab.experiments.card import Card, Repetition, Source, card, read, repeated
from reco_lab.experiments.conduct import conduct
from reco_lab.experiments.file import text_of
from reco_lab.experiments.results import Comparison
from reco_lab.experiments.tuning import Notebook
from reco_lab.services import recipes
from reco_lab.services.experiments import comparison, experiment_of, listing, prepare
from reco_lab.services.lost_data import lost
from reco_lab.services.shelf import WorkspaceShelf
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace


class _Anew(WorkspaceShelf):
    """Knows nothing of what was computed before, and keeps nothing."""

    def fetch(self, *_asked: object) -> None:
        """Nothing was computed."""

    def keep(self, *_finished: object) -> None:
        """Nothing is kept."""

    def notebook(self, *_asked: object) -> Notebook:
        """Nothing was tried."""
        return Notebook()


def run_card(workspace: Workspace, experiment_id: str) -> Card:
    """The card of a finished experiment; NotFoundError while it has not finished or where its data is gone."""
    record = workspace.store.experiment(experiment_id)
    version = _holding(workspace, record.fingerprint)
    if version is None:
        data = _as_it_was(workspace, record.fingerprint)
    else:
        recipe = recipes.recipe_of(workspace, version)
        data = Source(
            name=version.name,
            fingerprint=version.fingerprint,
            rows=version.summary["rows"],
            customers=version.summary["customers"],
            items=version.summary["items"],
            recipe="" if recipe is None else recipes.dump(recipe),
        )
    return card(experiment_of(record), data, comparison(workspace, experiment_id))


def card_of(workspace: Workspace, found: Comparison) -> Card:
    """The card of an experiment of the workspace by what it found."""
    return run_card(workspace, next(one.id for one in listing(workspace) if one.key == found.key))


def rerun(workspace: Workspace, file: Path, report: Report, *, dataset: str = "") -> Repetition:
    """Compute everything on a card anew and hold it against the card, figure by figure.

    The data is found by its fingerprint; `dataset` names another to use in its place. Raises NotFoundError
    where the data is not here, SpecError for a file that is no card.
    """
    found, asked = read(text_of(file, "A run card is a JSON file."), file.name)
    version = workspace.store.dataset(dataset) if dataset else _holding(workspace, found.data.fingerprint)
    if version is None and lost(workspace, found.data.fingerprint) is not None:
        raise NotFoundError(
            "The data of this card lost a customer, who was erased, so its figures cannot come out again.",
            fix=f"To compute them without her: --dataset {found.data.name}",
        )
    if version is None:
        raise NotFoundError(
            f"The data of this card is not here: {found.data.name}, {found.data.rows:,} rows, fingerprint "
            f"{found.data.fingerprint[:12]}.",
            fix="Import the same file by the recipe that the card holds, or name another data set with --dataset.",
        )
    asked = asked.model_copy(update={"data": DataSpec(dataset=version.name)})
    ready = prepare(workspace, asked, fingerprint=version.fingerprint)
    shelf = _Anew(workspace, ready.experiment)
    return repeated(found, asked, conduct(ready.data, ready.splits, ready.experiment, shelf, report))


def _as_it_was(workspace: Workspace, fingerprint: str) -> Source:
    """Data that is not there any more because a customer was erased from it."""
    facts = lost(workspace, fingerprint)
    if facts is None:
        raise NotFoundError("The data of this experiment was dropped.", fix="Bring it back on the Data page.")
    return Source(fingerprint=fingerprint, **facts)


def _holding(workspace: Workspace, fingerprint: str) -> DatasetVersion | None:
    """The version of any data set with this content."""
    known = [one for one in workspace.store.all_versions() if one.fingerprint == fingerprint]
    return next((one for one in known if one.dropped is None), None)

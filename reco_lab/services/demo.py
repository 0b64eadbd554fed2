"""The demo shop and its finished comparison: what a stranger sees first."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from reco_lab.core.errors import NotFoundError
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.core.progress import Report
from reco_lab.experiments.results import Comparison
from reco_lab.services.bookings import ensure_demo_ads
from reco_lab.services.data import list_datasets, load_dataset, save_dataset
from reco_lab.services.experiments import answered, comparison, listing, run, starter, submit
from reco_lab.services.publishing import publish, serving_plan
from reco_lab.services.shop import load_shop, make_shop
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

DEMO = "demo-shop"
TITLE = "Demo shop (simulated)"
FOLDER = Path(__file__).resolve().parents[2] / "datasets" / DEMO


def ensure_demo(workspace: Workspace) -> DatasetVersion:
    """The demo shop as a data set of the workspace, brought in if it is not there yet.

    Its ads come with it, unless other data serve: real customers are shown nothing simulated.
    """
    plan = serving_plan(workspace)
    if plan is None or plan.dataset == DEMO:
        ensure_demo_ads(workspace, FOLDER)
    try:
        return workspace.store.dataset(DEMO)
    except NotFoundError:
        return save_dataset(workspace, load_shop(FOLDER), TITLE)


def demo_experiment(workspace: Workspace) -> Experiment:
    """The comparison that the demo shows: models of every family, cut at the shop's known test period."""
    ensure_demo(workspace)
    data = load_dataset(workspace, DEMO)
    plain = starter(data, "Which recommender for the demo shop?")
    return plain.model_copy(update={"data": DataSpec(dataset=DEMO), "metrics": MetricSpec(k=(10,))})


def submit_demo(workspace: Workspace) -> str:
    """Queue the demo's comparison; returns the job's id."""
    return submit(workspace, demo_experiment(workspace))


def run_demo(workspace: Workspace, report: Report) -> Comparison:
    """Compute the demo's comparison now, unless it is there."""
    asked = demo_experiment(workspace)
    if (same := answered(workspace, asked)) is not None:
        with suppress(NotFoundError):  # kept by another version of Reco Lab
            return comparison(workspace, same.id)
    return run(workspace, asked, report)


def publish_demo(workspace: Workspace, report: Report) -> None:
    """Compute the demo's comparison and let its champion serve, as far as either is not done; what serves stays.

    Nothing is reported where all of it is there.
    """
    if all(version.name != DEMO for version in list_datasets(workspace)):
        report(0.0, "bringing the demo shop in")
    run_demo(workspace, lambda fraction, message: report(0.8 * fraction, message))
    if serving_plan(workspace) is None:
        done = next(record for record in listing(workspace, DEMO) if record.comparison is not None)
        publish(workspace, done.id, report=lambda fraction, message: report(0.8 + 0.2 * fraction, message))


def make_dataset(workspace: Workspace, name: str, *, customers: int, seed: int = 0) -> DatasetVersion:
    """Simulate a shop of this size and keep it as a data set with its truth."""
    folder = make_shop(workspace.staging.folder() / name, customers=customers, seed=seed)
    return save_dataset(
        workspace, replace(load_shop(folder), name=name), f"Simulated shop of {customers} customers"
    )

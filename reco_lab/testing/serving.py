"""A small shop that serves: data with attributes, a finished comparison, ads and a published model."""

import numpy as np
import pandas as pd

from reco_lab.core.ads import Ad
from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import Experiment
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import Recommender
from reco_lab.services import bookings, publishing
from reco_lab.services.data import save_dataset
from reco_lab.services.experiments import run
from reco_lab.store.publications import Publication
from reco_lab.workspace import Workspace

CUSTOMERS, ITEMS = 60, 24
REGIONS = ("north", "south")
NAME = "small-shop"


def small_shop(seed: int = 0) -> Dataset:
    """60 customers of two regions, each of whom touched items of her region's half; half of what she did is bought."""
    rng = np.random.default_rng(seed)
    rows = [
        (
            f"u{user:02d}",
            f"i{2 * item + user % 2:02d}",
            "purchase" if place % 2 else "view",
            user + 60 * place,
        )
        for user in range(CUSTOMERS)
        for place, item in enumerate(rng.choice(ITEMS // 2, 6, replace=False))
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "kind", "minute"])
    frame["time"] = np.datetime64("2026-01-01", "us") + frame["minute"].to_numpy() * np.timedelta64(60, "s")
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    customers = pd.DataFrame(
        {"region": [REGIONS[user % 2] for user in range(CUSTOMERS)], "consent": "yes"},
        index=[f"u{user:02d}" for user in range(CUSTOMERS)],
    )
    items = pd.DataFrame(
        {
            "title": [f"Item {item}" for item in range(ITEMS)],
            "category": [REGIONS[item % 2] for item in range(ITEMS)],
        },
        index=[f"i{item:02d}" for item in range(ITEMS)],
    )
    return Dataset.join(NAME, log, customers, items)


def book_ads(workspace: Workspace, count: int = ITEMS) -> None:
    """An ad for each item, and one house ad."""
    for item in range(count):
        bookings.book(
            workspace,
            Ad(id=f"ad-i{item:02d}", title=f"Now: item {item}", link=f"/items/{item}", item=f"i{item:02d}", bid=0.2),
        )  # fmt: skip
    bookings.book(workspace, Ad(id="house", title="Visit our shop", link="/", house=True))


def compare(workspace: Workspace) -> str:
    """Keep the shop and run a comparison on it; the experiment's id."""
    save_dataset(workspace, small_shop())
    asked = Experiment.model_validate(
        {
            "data": {"dataset": NAME},
            "split": {"kind": "random_rows"},
            "recommenders": [{"algorithm": "item_knn"}, {"algorithm": "ease"}],
            "metrics": {"names": ["ndcg"], "k": [5]},
        }
    )
    run(workspace, asked, lambda _fraction, _message: None)
    return workspace.store.experiments(NAME)[0].id


def open_shop(workspace: Workspace) -> Publication:
    """All of it: a workspace that serves its champion."""
    experiment = compare(workspace)
    book_ads(workspace)
    return publishing.publish(workspace, experiment, "Item k-NN")


def publish_chain(workspace: Workspace, data: Dataset, model: Recommender, name: str) -> Publication:
    """Train a model and its stand-ins on a data set that the workspace keeps, and let them serve."""
    chain = publishing.train_chain(workspace, data, model, name, 0, lambda _fraction, _message: None)
    return publish_plan(
        workspace, publishing.Plan(dataset=data.name, fingerprint=data.fingerprint, chain=chain)
    )


def publish_plan(workspace: Workspace, plan: publishing.Plan) -> Publication:
    """Let trained models serve."""
    spec = plan.model_dump(mode="json")
    artefact = workspace.artefacts.save(publishing.KIND, meta=spec)
    return workspace.publications.publish(plan.version, spec, artefact)

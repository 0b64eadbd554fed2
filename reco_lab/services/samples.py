"""Samples: files as the tools of web analytics export them, made on the spot from a simulated shop."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reco_lab.core.errors import NotFoundError
from reco_lab.simulation.shop import simulate
from reco_lab.simulation.spec import Shop
from reco_lab.simulation.web import web_events
from reco_lab.simulation.web_files import WRITERS
from reco_lab.workspace import Workspace

SHOP = Shop(customers=400, items=120, ads=4, days=90, test_days=0)


@dataclass(frozen=True)
class Sample:
    """A kind of sample: its name, its title, what is in it."""

    name: str
    title: str
    about: str


SAMPLES = (
    Sample(
        "ga4", "Google Analytics 4", "Its BigQuery export as JSON lines: parameters and items are nested."
    ),
    Sample("matomo", "Matomo", "Visits with their actions, as the Live API gives them."),
    Sample("snowplow", "Snowplow", "Atomic events as tab-separated values, products as entities."),
    Sample(
        "clickstream",
        "A plain clickstream",
        "Cookie, log-in, time and page; the page says which item it was.",
    ),
)


def make_sample(workspace: Workspace, name: str, *, shop: Shop = SHOP) -> Path:
    """Write a sample to the workspace's staging folder; the same each time. NotFoundError for an unknown name."""
    if name not in WRITERS:
        raise NotFoundError(f"There is no sample called {name!r}.", fix=f"There are: {', '.join(WRITERS)}.")
    workspace.require_room()
    suffix, write = WRITERS[name]
    path = workspace.staging.folder() / f"{name}-sample.{suffix}"
    write(web_events(simulate(shop), np.random.default_rng(shop.seed)), path)
    return path

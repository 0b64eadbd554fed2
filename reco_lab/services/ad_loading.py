"""From what the workspace holds to what serves: a snapshot with the histories, books and people beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reco_lab.core.ads import Ad
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Visit
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.policy import policy
from reco_lab.services import bookings
from reco_lab.services.keeping import load_dataset
from reco_lab.services.privacy import objecting
from reco_lab.services.publishing import GREEDY, Plan, RouteSpec, restore
from reco_lab.serving.booked import Booked
from reco_lab.serving.histories import Histories
from reco_lab.serving.people import People
from reco_lab.serving.snapshot import NOTHING_PUBLISHED, Route, Snapshot
from reco_lab.workspace import Workspace

EVERYBODY = "everybody"


@dataclass(frozen=True, eq=False)
class Loaded:
    """A publication as it was read: the snapshot without its ads' changes to come, and the data it knows."""

    snapshot: Snapshot
    data: Dataset | None


def load(workspace: Workspace, ads: Iterable[Ad]) -> Loaded:
    """Read what is published, checking every file; with nothing published, house ads and ads without a ranking.

    Raises CorruptError or NotFoundError where a file is damaged or gone.
    """
    publication = workspace.publications.serving()
    if publication is None:
        booked = Booked.of(ads, pd.Index([], dtype="str"))
        return Loaded(Snapshot(NOTHING_PUBLISHED, (), booked, Route(EVERYBODY, policy(GREEDY))), None)
    plan = Plan.model_validate(publication.spec)
    data = _data(workspace, plan)
    chain = tuple(restore(workspace, link) for link in plan.chain)
    snapshot = Snapshot(
        version=publication.version,
        chain=chain,
        booked=booked_over(ads, data),
        everybody=Route(EVERYBODY, policy(plan.policy)),
        routes=tuple(_route(workspace, route) for route in plan.routes),
        customers=data.customers,
        titles=data.titles.to_numpy(object),
        hide_bought=plan.hide_bought,
        bid_weight=plan.bid_weight,
    )
    return Loaded(snapshot, data)


def booked_over(ads: Iterable[Ad], data: Dataset | None) -> Booked:
    """The ads over the catalogue of a data set."""
    if data is None:
        return Booked.of(ads, pd.Index([], dtype="str"))
    known = data.items is not None and "category" in data.items
    categories = data.items["category"].astype("str").tolist() if known and data.items is not None else None
    return Booked.of(ads, data.interactions.item_ids, categories)


def histories_over(data: Dataset | None, visits: Iterable[Visit]) -> Histories:
    """The histories of a data set with the live interactions on top."""
    log = data.interactions if data is not None else _nothing()
    found = Histories(log)
    for visit in visits:
        found.add(visit.customer, visit.item_id, Kind[visit.kind], visit.at, visit.value)
    return found


def people_over(
    snapshot: Snapshot, told: Mapping[str, Mapping[str, str]], objecting: frozenset[str]
) -> People:
    """The customers with what was told of them; only what ads and routes ask for is looked up."""
    wanted = {name for ad in snapshot.booked.ads for name in ad.attributes}
    wanted |= {name for route in snapshot.routes for name in route.attributes}
    live = {name: dict(attributes) for name, attributes in told.items()}
    return People(snapshot.customers, frozenset(wanted), live, objecting)


def _data(workspace: Workspace, plan: Plan) -> Dataset:
    """The version that the models were trained on; the newest, should it have been dropped."""
    versions = workspace.store.versions(plan.dataset)
    number = next((one.version for one in versions if one.fingerprint == plan.fingerprint), None)
    return load_dataset(workspace, plan.dataset, number)


def _route(workspace: Workspace, spec: RouteSpec) -> Route:
    model = None if spec.model is None else restore(workspace, spec.model)
    return Route(spec.name, policy(spec.policy), spec.attributes, spec.segments, model)


def _nothing() -> Interactions:
    none = np.zeros(0, np.int32)
    ids = pd.Index([], dtype="str")
    return Interactions(none, none, np.zeros(0, np.float32), None, np.zeros(0, np.uint8), ids, ids)


def signs(workspace: Workspace) -> tuple[Any, ...]:
    """What tells that something changed: the publication that serves, the ads, the wishes."""
    now = workspace.publications.serving()
    return (
        None if now is None else (now.number, now.version),
        bookings.changed(workspace),
        objecting(workspace),
    )

"""From what the workspace holds to what serves: a snapshot with the histories, books and people beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from reco_lab.core.ads import Ad
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Visit
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.policy import policy
from reco_lab.services import bookings
from reco_lab.services.keeping import load_content
from reco_lab.services.privacy import objecting
from reco_lab.services.published_segments import members
from reco_lab.services.publishing import (
    GREEDY,
    Link,
    Plan,
    RouteSpec,
    arm_model,
    plan_data,
    plan_of,
    restore,
)
from reco_lab.serving.booked import Booked
from reco_lab.serving.histories import Histories
from reco_lab.serving.people import People
from reco_lab.serving.served import as_served
from reco_lab.serving.snapshot import NOTHING_PUBLISHED, Ranker, Route, Running, Snapshot
from reco_lab.store.publications import Publication
from reco_lab.workspace import Workspace

EVERYBODY = "everybody"
MOST_TRIED = 10
KERNELS = ("reco_lab.core._kernels.ranking", "reco_lab.serving._kernels.relevance")


@dataclass(frozen=True, eq=False)
class Loaded:
    """A publication as it was read: the snapshot without its ads' changes to come, and the data it knows."""

    snapshot: Snapshot
    data: Dataset | None

    def with_ads(self, ads: Iterable[Ad]) -> "Loaded":
        """The same models with the ads as they are now."""
        return Loaded(replace(self.snapshot, booked=booked_over(ads, self.data)), self.data)


def load(workspace: Workspace, ads: Iterable[Ad]) -> Loaded:
    """Read what is published, checking every file; with nothing published, house ads and ads without a ranking.

    Raises CorruptError or NotFoundError where a file is damaged or gone.
    """
    return _loaded(workspace, ads, workspace.publications.serving())


def load_whole(workspace: Workspace, ads: Iterable[Ad]) -> tuple[Loaded, Exception | None]:
    """What is published, or where that is damaged the newest before it that is whole; and what was wrong."""
    serving, trouble = workspace.publications.serving(), None
    earlier = workspace.publications.history(MOST_TRIED, before=serving.number) if serving else []
    for publication in (serving, *earlier):
        try:
            return _loaded(workspace, ads, publication), trouble
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, ads are served
            trouble = trouble or error
    return _loaded(workspace, ads, None), trouble


def _loaded(workspace: Workspace, ads: Iterable[Ad], publication: Publication | None) -> Loaded:
    for kernels in KERNELS:  # compiled before the first customer asks, not while she waits
        import_module(kernels)
    if publication is None:
        booked = Booked.of(ads, pd.Index([], dtype="str"))
        return Loaded(Snapshot(NOTHING_PUBLISHED, (), booked, Route(EVERYBODY, policy(GREEDY))), None)
    plan = plan_of(workspace, publication)
    data = plan_data(workspace, plan)
    chain = tuple(_ranker(workspace, link, plan, data) for link in plan.chain)
    snapshot = Snapshot(
        version=publication.version,
        chain=chain,
        booked=booked_over(ads, data),
        everybody=Route(EVERYBODY, policy(plan.policy)),
        routes=tuple(_route(workspace, route, plan, data) for route in plan.routes),
        customers=data.customers,
        titles=data.titles.to_numpy(object),
        hide_bought=plan.hide_bought,
        bid_weight=plan.bid_weight,
        members=members(workspace, plan.members),
        running=_running(workspace, plan, data, chain),
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
    """The histories of a data set with the live interactions on top, as far as the data were not made of them."""
    log = data.interactions if data is not None else _nothing()
    found = Histories(log)
    for visit in _not_in(log, list(visits)):
        found.add(visit.customer, visit.item_id, Kind[visit.kind], visit.at, visit.value)
    return found


def _not_in(log: Interactions, visits: list[Visit]) -> list[Visit]:
    """The visits that are no rows of a log yet: no row is of that item, kind and microsecond."""
    if log.times is None or not visits:
        return visits
    moments = np.array([np.datetime64(one.at.astimezone(UTC).replace(tzinfo=None), "us") for one in visits])
    near = np.flatnonzero(np.isin(log.times, moments))
    known = set(
        zip(
            log.times[near].tolist(),
            log.item_ids.take(log.items[near]),
            log.kinds[near].tolist(),
            strict=True,
        )
    )
    return [
        visit
        for visit, moment in zip(visits, moments.tolist(), strict=True)
        if (moment, visit.item_id, int(Kind[visit.kind])) not in known
    ]


def people_over(
    snapshot: Snapshot, told: Mapping[str, Mapping[str, str]], objecting: frozenset[str]
) -> People:
    """The customers with what was told of them; only what ads and routes ask for is looked up."""
    wanted = {name for ad in snapshot.booked.ads for name in ad.attributes}
    wanted |= {name for route in snapshot.routes for name in route.attributes}
    live = {name: dict(attributes) for name, attributes in told.items()}
    return People(snapshot.customers, frozenset(wanted), live, objecting, snapshot.members)


def _ranker(workspace: Workspace, link: Link, plan: Plan, data: Dataset) -> Ranker:
    """A model as it serves here; one that learnt from another version is told which of its codes is which."""
    found = restore(workspace, link)
    if link.learnt in {"", data.fingerprint}:
        return found
    learnt = load_content(workspace, plan.dataset, link.learnt)
    return replace(found, scorer=as_served((found,), learnt, data))


def _route(workspace: Workspace, spec: RouteSpec, plan: Plan, data: Dataset) -> Route:
    model = None if spec.model is None else _ranker(workspace, spec.model, plan, data)
    return Route(spec.name, policy(spec.policy), spec.attributes, spec.segments, model)


def _running(workspace: Workspace, plan: Plan, data: Dataset, chain: tuple[Ranker, ...]) -> Running | None:
    """The arms of the plan's test; a model that serves everybody too is read once."""
    if plan.test is None:
        return None
    read = {link.artefact: ranker for link, ranker in zip(plan.chain, chain, strict=True)}
    routes = []
    for arm in plan.test.groups:
        link = arm_model(arm)
        if link is not None and link.artefact not in read:
            read[link.artefact] = _ranker(workspace, link, plan, data)
        model = read[link.artefact] if link is not None else None
        routes.append(Route(plan.test.label(arm), policy(arm.policy or plan.policy), model=model))
    return Running(plan.test, tuple(routes))


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

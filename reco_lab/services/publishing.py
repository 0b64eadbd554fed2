"""Let a model serve: train it on everything there is, with what stands in for it, and put both in place at once."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from threadpoolctl import threadpool_limits

from reco_lab.core.ab_test import AbTest, Arm
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError, NeedsError, NotFoundError, SpecError
from reco_lab.core.events import Stage
from reco_lab.core.policy import policy as parse_policy
from reco_lab.core.progress import Report
from reco_lab.core.recommender import FitContext, Need, Recommender, State, recommender
from reco_lab.core.words import agree, count
from reco_lab.services.bookings import demo_ads_on, pause_demo_ads
from reco_lab.services.keeping import load_content, load_dataset
from reco_lab.services.published_segments import count_members
from reco_lab.serving.snapshot import Ranker
from reco_lab.store.publications import Publication
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

JOB = "publish"
KIND = "publication"
GREEDY = {"policy": "greedy"}
STAND_INS = (
    (Stage.attributes, "demographic"),
    (Stage.segment, "popular_in_segment"),
    (Stage.popular, "recently_popular"),
    (Stage.popular, "most_popular"),
)
_WHAT_THEY_LOOK_AT = frozenset({Need.customer_attributes})


class Link(BaseModel):
    """One ranker of the chain: the artefact of its model, and where it stands.

    `learnt` is the fingerprint of the data it learnt from, where that may be another than the plan's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage
    name: str
    artefact: str
    wants_attributes: bool = False
    learnt: str = ""


class RouteSpec(BaseModel):
    """A route as it is kept: who goes this way, and by which policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    policy: dict[str, Any]
    attributes: dict[str, tuple[str, ...]] = {}
    segments: tuple[str, ...] = ()
    model: Link | None = None


class Plan(BaseModel):
    """All that a publication says: data, chain, policy, routes, the two settings of ranking, the A/B test that runs.

    `members` is the artefact that says who is in which saved segment of the data, empty without one. `parent` is the
    number of the publication in whose place it came, `round` the round of the gate that promoted it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    fingerprint: str
    experiment: str = ""
    chain: tuple[Link, ...]
    policy: dict[str, Any] = GREEDY
    routes: tuple[RouteSpec, ...] = ()
    hide_bought: bool = True
    bid_weight: float = Field(0.0, ge=0.0, le=1.0)
    members: str = ""
    parent: int | None = None
    round: str = ""
    test: AbTest | None = None

    @property
    def model(self) -> str:
        """What serves, in words."""
        return self.chain[0].name if self.chain else "nothing"

    @property
    def version(self) -> str:
        """The version that answers name: a hash of the plan, wherever it came from."""
        nowhere = {"parent", "round"} | ({"test"} if self.test is None else set())
        said = self.model_dump(mode="json", exclude=nowhere)
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def publish(
    workspace: Workspace,
    experiment_id: str,
    name: str | None = None,
    policy: Mapping[str, Any] | None = None,
    report: Report = lambda _fraction, _message: None,
) -> Publication:
    """Train a model of a finished experiment (by default its champion) on all its data, and let it serve.

    Ads that came with the demo shop are paused when other data begin to serve. Raises NotFoundError for a
    model or a policy that is not there, ParameterError for a setting of the policy that is not allowed,
    InputError where the experiment has no champion.
    """
    from reco_lab.services.experiments import (  # a server starts without them
        comparison,
        experiment_of,
        model_of,
    )

    asked = experiment_of(workspace.store.experiment(experiment_id))
    found = comparison(workspace, experiment_id)
    chosen = name or found.champion
    rows = {row.name: row for row in found.leaderboard if row.run_keys and row.error is None}
    if chosen is None:
        raise InputError("This experiment has no champion.", fix="Name the model that is to serve.")
    if chosen not in rows:
        raise NotFoundError(
            f"There is no trained model {chosen!r} in this experiment.", fix=f"There are: {', '.join(rows)}."
        )
    model = model_of(workspace, asked, rows[chosen])
    if model is None:
        raise NotFoundError(f"The model {chosen!r} is not there any more.", fix="Run the experiment again.")
    data = load_dataset(workspace, found.dataset)
    kept = serving_plan(workspace)
    settings = _settings(kept, data.name) | ({"policy": dict(policy)} if policy else {})
    parse_policy(settings.get("policy", GREEDY))
    chain = train_chain(workspace, data, model[0], chosen, asked.seed, report)
    about = {"dataset": data.name, "fingerprint": data.fingerprint, "experiment": experiment_id}
    plan = Plan(**about, chain=chain, members=count_members(workspace, data), **settings)
    if _pauses_demo(kept, data.name):
        pause_demo_ads(workspace)
    report(1.0, "published")
    return _let_serve(workspace, plan)


def change(workspace: Workspace, **settings: Any) -> Publication:
    """Publish the same models with another policy, other routes or settings, and the saved segments counted anew.

    NotFoundError before the first publication.
    """
    plan = serving_plan(workspace)
    if plan is None:
        raise NotFoundError("Nothing is published yet.", fix="Publish a model first.")
    try:
        changed = Plan.model_validate(plan.model_dump() | settings | _counted(workspace, plan))
    except ValueError as error:
        raise SpecError(f"These settings cannot serve: {error}.") from error
    mine = [arm.policy for arm in _arms(changed) if arm.policy]
    for spec in (changed.policy, *(route.policy for route in changed.routes), *mine):
        parse_policy(spec)
    return _let_serve(workspace, changed)


def rollback(workspace: Workspace, *, who: str = "") -> Publication:
    """Let what served before (see `Publications.rollback`) serve again. NotFoundError if nothing served before."""
    return workspace.publications.rollback(who=who)


def goes_back(workspace: Workspace) -> bool:
    """Whether anything served before what serves now."""
    now = workspace.publications.serving()
    return now is not None and bool(workspace.publications.history(1, before=now.number))


def serving_plan(workspace: Workspace) -> Plan | None:
    """The plan of what serves now."""
    found = workspace.publications.serving()
    return None if found is None else plan_of(workspace, found)


def plan_of(workspace: Workspace, publication: Publication) -> Plan:
    """The plan of a publication. A test that it carries and that ended does not begin again when one goes back to it."""
    plan = Plan.model_validate(publication.spec)
    test = plan.test
    if test is None or any(one.id == test.id and not one.ended for one in workspace.ab_tests.listing()):
        return plan
    return plan.model_copy(update={"test": None})


def serves(workspace: Workspace, version: DatasetVersion, experiment_id: str, name: str) -> bool:
    """Whether this very model of an experiment serves, trained on this version: publishing would change nothing."""
    plan = serving_plan(workspace)
    return plan is not None and (plan.dataset, plan.fingerprint, plan.experiment, plan.model) == (
        version.name,
        version.fingerprint,
        experiment_id,
        name,
    )


def ends(workspace: Workspace, dataset: str) -> str:
    """What stops when other data than now begin to serve, in a sentence; empty where nothing does."""
    now = serving_plan(workspace)
    paused = len(demo_ads_on(workspace)) if _pauses_demo(now, dataset) else 0
    told = (
        [f"{now.model} on {_title(workspace, now)} stops serving"] if now and now.dataset != dataset else []
    )
    if paused:
        told.append(f"the demo shop's {count(paused, 'ad')} {agree(paused, 'is', 'are')} paused")
    return f"When it is published, {' and '.join(told)}." if told else ""


def _title(workspace: Workspace, plan: Plan) -> str:
    try:
        return workspace.store.dataset(plan.dataset).title
    except NotFoundError:
        return plan.dataset


def _pauses_demo(now: Plan | None, dataset: str) -> bool:
    from reco_lab.services.demo import DEMO

    return dataset != DEMO and (now is None or now.dataset != dataset)


def submit(workspace: Workspace, experiment_id: str, name: str | None = None) -> str:
    """Queue a publication; the job's id."""
    return workspace.queue.submit(
        JOB, {"experiment": experiment_id, "name": name}, key=f"{JOB}:{experiment_id}"
    )


def do(workspace: Workspace, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """What a worker does with a queued publication."""
    done = publish(workspace, payload["experiment"], payload.get("name"), report=report)
    return {"number": done.number, "version": done.version}


def train_chain(
    workspace: Workspace, data: Dataset, spec: Recommender, name: str, seed: int, report: Report
) -> tuple[Link, ...]:
    """Train a model and all stand-ins that the data can feed on the whole data, and keep them."""
    stand_ins = [(stage, recommender({"algorithm": kind})) for stage, kind in STAND_INS]
    wanted = [(Stage.model, spec), *((stage, one) for stage, one in stand_ins if not one.missing(data))]
    links = []
    for number, (stage, one) in enumerate(wanted):
        label = name if stage is Stage.model else one.info.label
        report(number / len(wanted), f"training {label} on everything")
        try:
            with threadpool_limits(1):
                state = one.fit(data, FitContext(seed)).state()
        except NeedsError:
            if stage is Stage.model:
                raise
            continue
        links.append(_kept(workspace, stage, label, one, state))
    return tuple(links)


def train_again(workspace: Workspace, plan: Plan, data: Dataset, report: Report) -> Plan:
    """The same plan with every model trained anew on other data; one that this data cannot feed is left out."""
    aside = (*(route.model for route in plan.routes), *(arm_model(arm) for arm in _arms(plan)))
    links = {one.artefact: one for one in (*plan.chain, *aside) if one}
    again: dict[str, Link] = {}
    for number, (artefact, link) in enumerate(links.items()):
        report(number / len(links), f"training {link.name} again")
        one = recommender(workspace.artefacts.load(artefact).meta["recommender"])
        try:
            with threadpool_limits(1):
                state = one.fit(data, FitContext(_seed(workspace, plan))).state()
        except NeedsError:
            continue
        again[artefact] = _kept(workspace, link.stage, link.name, one, state)
    routes = [
        route.model_copy(update={"model": again.get(route.model.artefact) if route.model else None})
        for route in plan.routes
    ]
    chain = tuple(again[link.artefact] for link in plan.chain if link.artefact in again)
    values: dict[str, Any] = {"fingerprint": data.fingerprint, "chain": chain, "routes": tuple(routes)}
    values["members"] = count_members(workspace, data)
    if plan.test is not None:
        arms = tuple(_with(arm, again) for arm in plan.test.arms)
        values["test"] = plan.test.model_copy(update={"arms": arms})
    return plan.model_copy(update=values)


def kept_plan(workspace: Workspace, plan: Plan) -> tuple[str, dict[str, Any], str]:
    """The version, the specification and the artefact of a plan that is about to serve."""
    spec = plan.model_dump(mode="json")
    return plan.version, spec, workspace.artefacts.save(KIND, meta=spec)


def arm_model(arm: Arm) -> Link | None:
    """The model of an arm of an A/B test; None where it has none of its own."""
    return None if not (arm.model or {}).get("artefact") else Link.model_validate(arm.model)


def plan_data(workspace: Workspace, plan: Plan) -> Dataset:
    """The version that a publication's models were trained on. NotFoundError, CorruptError."""
    return load_content(workspace, plan.dataset, plan.fingerprint)


def version_of(workspace: Workspace, dataset: str, fingerprint: str) -> DatasetVersion:
    """The version with this content; NotFoundError where it was dropped or is forgotten."""
    found = next((one for one in workspace.store.versions(dataset) if one.fingerprint == fingerprint), None)
    if found is None:
        raise NotFoundError(
            f"The version of {dataset!r} that a model learnt from is gone.",
            fix="Publish a model that learnt from a version that is here.",
        )
    return found


def restore(workspace: Workspace, link: Link) -> Ranker:
    """The ranker behind a link, each file checked first; CorruptError, NotFoundError."""
    spec, state = workspace.artefacts.load_state(link.artefact)
    scorer = recommender(spec).restore(state)
    return Ranker(link.stage, link.name, scorer, link.wants_attributes)


def _arms(plan: Plan) -> tuple[Arm, ...]:
    return () if plan.test is None else plan.test.arms


def _with(arm: Arm, again: Mapping[str, Link]) -> Arm:
    """The arm with its model trained again."""
    link = arm_model(arm)
    trained = again.get(link.artefact) if link else None
    return arm.model_copy(update={"model": trained.model_dump(mode="json") if trained else None})


def _counted(workspace: Workspace, plan: Plan) -> dict[str, str]:
    """The saved segments counted on a publication's data, as a setting."""
    if not workspace.segments.listing(plan.dataset):
        return {"members": ""}
    return {"members": count_members(workspace, plan_data(workspace, plan))}


def _kept(workspace: Workspace, stage: Stage, label: str, spec: Recommender, state: State) -> Link:
    artefact = workspace.artefacts.save_state(spec.to_dict(), state)
    return Link(
        stage=stage, name=label, artefact=artefact, wants_attributes=not _looks_at(spec).isdisjoint(_WHAT_THEY_LOOK_AT)
    )  # fmt: skip


def _looks_at(spec: Recommender) -> frozenset[Need]:
    return frozenset(spec.info.needs).union(*(_looks_at(part) for part in spec.parts))


def _seed(workspace: Workspace, plan: Plan) -> int:
    try:
        return int(workspace.store.experiment(plan.experiment).spec.get("seed", 0))
    except NotFoundError:
        return workspace.seed


def _settings(kept: Plan | None, dataset: str) -> dict[str, Any]:
    """Policy, routes, settings and a running A/B test stay as they are when another model of the same data is published."""
    if kept is None or kept.dataset != dataset:
        return {}
    return {
        "policy": kept.policy,
        "routes": kept.routes,
        "hide_bought": kept.hide_bought,
        "bid_weight": kept.bid_weight,
        "test": kept.test,
    }


def _let_serve(workspace: Workspace, plan: Plan) -> Publication:
    now = workspace.publications.serving()
    plan = plan.model_copy(update={"parent": now.number if now else None, "round": ""})
    return workspace.publications.publish(*kept_plan(workspace, plan))

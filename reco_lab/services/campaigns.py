"""A campaign from its first draft to what it will do: whom it reaches, what its rules cost, what it can show."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis.spending import spending
from reco_lab.campaigns.audience import Reached, reached
from reco_lab.campaigns.candidates import Asked, AskedFixed, AskedModels, Pool, by_segment
from reco_lab.campaigns.control import Groups
from reco_lab.campaigns.money import worth
from reco_lab.campaigns.price import Tags, Trial, price
from reco_lab.campaigns.rules import rule_set
from reco_lab.campaigns.spec import Campaign, FixedItems, FromModel
from reco_lab.campaigns.terms import in_words, mask_of
from reco_lab.campaigns.usual import usual
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, InputError, NotFoundError
from reco_lab.core.interactions import Interactions
from reco_lab.core.likeness import Likeness
from reco_lab.core.ranking import Candidates
from reco_lab.core.recommender import FitContext, Recommender, Scorer, recommender
from reco_lab.core.words import share
from reco_lab.experiments.exam import FALLBACK, Exam
from reco_lab.experiments.power import Need, detectable, needed, power_of
from reco_lab.experiments.rerank import DEPTH
from reco_lab.services import segments
from reco_lab.services.campaign_draws import divide, fresh_seed
from reco_lab.services.experiments import comparison, exam_of, models_of
from reco_lab.services.experiments import listing as experiments_of
from reco_lab.services.privacy import allowed
from reco_lab.store.campaigns import CampaignRecord
from reco_lab.workspace import Workspace

MOST_ASKED = 5000
STARTING_ITEMS = 4

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Bench:
    """What rules are tried on: the test part of the experiment and its models, loaded once and shared.

    `users` are the customers asked (at most MOST_ASKED of the warm ones, the same ones each time). `pools`
    remembers candidates from one try to the next.
    """

    data: Dataset
    exam: Exam
    models: Mapping[str, tuple[Recommender, Scorer]]
    champion: str
    after: Interactions
    pools: dict[str, dict[object, Pool]] = field(default_factory=dict)

    @cached_property
    def likeness(self) -> Likeness:
        """Which items are alike, by who touched them in training."""
        return Likeness(self.exam.train.interactions.matrix.tocsc())

    @cached_property
    def before(self) -> Dataset:
        """What was known at the cut: by it customers are told apart."""
        return replace(self.exam.train, interactions=self.exam.known)

    @property
    def users(self) -> NDArray[np.int64]:
        """The customers asked, by code."""
        warm = self.exam.users[: self.exam.n_warm]
        if len(warm) <= MOST_ASKED:
            return warm
        return np.sort(np.random.default_rng(0).choice(warm, MOST_ASKED, replace=False))

    @property
    def days(self) -> float | None:
        """How many days the test part is long."""
        times, cut = self.after.times, self.exam.as_of
        if times is None or cut is None or not len(times):
            return None
        return float(np.ceil((times.max() - cut) / np.timedelta64(1, "D")))


@dataclass(frozen=True)
class Plan:
    """What a campaign of this size can show: the customers a lift needs, and the lift these customers show.

    `detectable` is the smallest relative lift that is seen with the wanted power, infinite where none is; `power` how
    likely the wanted lift is seen.
    """

    need: Need
    detectable: float
    power: float
    treated: int
    control: int

    @property
    def enough(self) -> bool:
        """Whether the audience and its control group are large enough for the lift that is asked about."""
        return self.power >= self.need.power

    @property
    def sentence(self) -> str:
        """The plan in plain words."""
        if not self.control:
            return "Without a control group nobody can tell what the campaign did."
        if not self.need.possible or not np.isfinite(self.detectable):
            return self.need.sentence
        here = (
            f"With {self.treated:,} sent to and {self.control:,} held back a lift of {share(self.need.lift)} is seen "
            f"{share(self.power)} of the time; the smallest that is seen {share(self.need.power)} of the time "
            f"is {share(self.detectable, 1)}."
        )
        return f"{self.need.sentence} {here}"


def draft(workspace: Workspace, data: Dataset, title: str = "New campaign") -> Campaign:
    """A campaign to begin with: the champion of the newest finished comparison, else what sells best.

    Its control group is drawn anew: who is held back from one campaign is not from the next, but by chance.
    """
    seed = fresh_seed(workspace)
    for record in experiments_of(workspace, data.name):
        if record.comparison is not None and comparison(workspace, record.id).champion is not None:
            what: FromModel | FixedItems = FromModel(experiment=record.id)
            return Campaign(title=title, dataset=data.name, what=what, items=STARTING_ITEMS, seed=seed)
    order = np.argsort(-data.interactions.item_counts, kind="stable")[:STARTING_ITEMS]
    items = tuple(str(one) for one in data.interactions.item_ids[order])
    return Campaign(title=title, dataset=data.name, what=FixedItems(items=items), items=len(items), seed=seed)


def save(workspace: Workspace, campaign: Campaign, id_: str | None = None) -> str:
    """Keep a campaign, new or in place of what it was; its id."""
    spec = campaign.model_dump(mode="json")
    if id_ is None:
        return workspace.campaigns.add(campaign.dataset, campaign.title, spec)
    workspace.campaigns.change(id_, campaign.title, spec)
    return id_


def saved(workspace: Workspace, id_: str) -> tuple[CampaignRecord, Campaign]:
    """A campaign as it was kept; NotFoundError, SpecError where another version of Reco Lab kept it."""
    record = workspace.campaigns.get(id_)
    return record, Campaign.parse(dict(record.spec))


def listing(workspace: Workspace, dataset: str | None = None) -> list[CampaignRecord]:
    """The campaigns of a data set (or all), the last changed first."""
    return workspace.campaigns.listing(dataset)


def delete(workspace: Workspace, id_: str) -> None:
    """Forget a campaign with its lists and results."""
    workspace.campaigns.delete(id_)


def audience_in_words(workspace: Workspace, campaign: Campaign) -> str:
    """Whom the campaign is for, by the titles of the segments."""
    titles = {one.id: one.title for one in segments.listing(workspace, campaign.dataset)}
    return in_words(campaign.audience.who, lambda id_: titles.get(id_, "a segment that was deleted"))


def reach(workspace: Workspace, data: Dataset, campaign: Campaign, own: str = "") -> Reached:
    """Who of the data set's customers is reached, who is not and why; NotFoundError for a segment that is not there.

    `own` is the id that the campaign is kept under: nobody is left out for having been in this very one.
    """
    ids, n = data.interactions.user_ids, data.interactions.n_users
    inside = mask_of(campaign.audience.who, lambda id_: segments.members(workspace, data, id_), n)
    reasons = [
        ("not in the segments chosen", ~inside),
        ("on the suppression list", ~allowed(workspace, ids).mask),
        ("without consent", ~allowed(workspace, ids, data).mask),
    ]
    if campaign.audience.rest_days is not None:
        days = campaign.audience.rest_days
        why = f"in another campaign within the last {days} days"
        reasons.append((why, _sent_to_lately(workspace, data, days, own)))
    return reached(n, reasons)


def check(workspace: Workspace, data: Dataset, campaign: Campaign, own: str = "") -> tuple[Reached, Groups]:
    """Refuse here what cannot be done, before anything runs; who is reached (see `reach`), and who of them is held back.

    Raises InputError for an audience of nobody, a rule that no item meets, a control group that is not smaller than
    the audience, a budget smaller than one item; NotFoundError for items, segments or models that are not there.
    """
    found = reach(workspace, data, campaign, own)
    if not found.customers:
        raise InputError(
            "Nobody is reached.", fix=f"{found.sentence} Choose another audience.", key="audience"
        )
    divided = divide(workspace, data, campaign, np.flatnonzero(found.mask))
    rule_set(campaign.rules, data, campaign.items)
    if isinstance(campaign.what, FixedItems):
        fixed_items(data, campaign.what)
    else:
        _named(workspace, campaign.what)
    return found, divided


def plan(workspace: Workspace, data: Dataset, campaign: Campaign, own: str = "") -> Plan:
    """What the campaign can show, by what its audience did in as many days before; `own` and errors as `check`."""
    found, divided = check(workspace, data, campaign, own)
    return planned(workspace, data, found, divided, campaign)


def planned(workspace: Workspace, data: Dataset, found: Reached, divided: Groups, campaign: Campaign) -> Plan:
    """The same for an audience and groups that are known."""
    goal = campaign.goal
    alike = _alike_then(workspace, data, campaign, found.mask)
    known, arriving = usual(spending(data), alike, goal.days, goal.outcome)
    control = int(divided.control.sum())
    treated = found.customers - control
    part = control / found.customers if control else campaign.control.share or 0.1
    need = needed(known, goal.lift, part, power=goal.power, arriving=arriving)
    if not control:
        return Plan(need, float("inf"), 0.0, treated, 0)
    return Plan(
        need,
        detectable(known, treated, control, power=goal.power),
        power_of(known, goal.lift, treated, control),
        treated,
        control,
    )


def _alike_then(workspace: Workspace, data: Dataset, campaign: Campaign, now: Mask) -> Mask:
    """Who would have been in the audience as many days ago as are counted; who is `now` where nobody can tell.

    What they did since then is what an audience like this does. Those who are in it now were chosen by what they did
    in these days: of customers who have been away for a month, none bought anything in it.
    """
    log = data.interactions
    if log.times is None or not len(log):
        return now
    start = log.times.max() - np.timedelta64(campaign.goal.days, "D")
    before = log.times <= start
    then = data.take(np.flatnonzero(before))
    met = np.bincount(log.users[before], minlength=log.n_users) > 0
    if not met.any():
        return now
    try:
        inside = mask_of(
            campaign.audience.who, lambda id_: segments.members(workspace, then, id_), log.n_users
        )
    except DataError:
        return now
    never = np.bincount(log.users, minlength=log.n_users) == 0
    alike = inside & (met | never) & allowed(workspace, log.user_ids, data).mask
    return alike if alike.any() else now


def bench(workspace: Workspace, experiment_id: str) -> Bench:
    """Load what rules are tried on; NotFoundError while the experiment has not finished."""
    data, exam, after = exam_of(workspace, experiment_id)
    models = {name: (spec, scorer) for name, spec, scorer in models_of(workspace, experiment_id)}
    champion = comparison(workspace, experiment_id).champion or next(iter(models), "")
    if not models:
        raise NotFoundError("This experiment has no trained model.", fix="Run the experiment again.")
    return Bench(data, exam, models, champion, after)


def tags(workspace: Workspace, on: Bench, campaign: Campaign, customers: int | None = None) -> Tags:
    """What each rule costs. `customers` is how many the campaign is sent to: stock and budget are tried to scale."""
    users = on.users
    asked = _asked(workspace, on, campaign, users)
    remembered = on.pools.setdefault(campaign.what.model_dump_json(), {})
    known = segments.told(workspace, on.before, campaign.dataset)
    inside = {title: members[users] for title, members in known.items()}
    relevant = on.exam.relevant[: on.exam.n_warm]
    warm = on.exam.users[: on.exam.n_warm]
    rows = relevant[np.searchsorted(warm, users)]
    everything = np.ones(on.data.interactions.n_items, np.bool_)
    trial = Trial(
        asked=asked,
        users=users,
        relevant=rows,
        train=on.exam.train,
        known=on.exam.known,
        as_of=on.exam.as_of,
        n_candidates=on.exam.n_candidates,
        worth=worth(
            asked.best(slice(None), DEPTH, everything).items,
            rows,
            on.exam.train,
            rate=campaign.costs.rate,
            value=campaign.costs.value,
            days=on.days,
        ),
        likeness=on.likeness,
        share=min(1.0, len(users) / customers) if customers else 1.0,
        segments=inside,
        threads=on.exam.threads,
        pools=remembered,
    )
    return price(trial, campaign.rules, campaign.items)


def fixed_items(data: Dataset, what: FixedItems) -> NDArray[np.int32]:
    """The codes of items named by a person; NotFoundError for one that is not there."""
    codes = data.interactions.item_ids.get_indexer(pd.Index(what.items))
    if (codes < 0).any():
        missing = what.items[int(np.flatnonzero(codes < 0)[0])]
        raise NotFoundError(
            f"There is no item {missing!r} in this data set.", fix="Ids must match exactly.", key="what"
        )
    return codes.astype(np.int32)


def fallback(data: Dataset) -> Scorer:
    """What answers where a model has nothing to say."""
    return recommender({"algorithm": FALLBACK}).fit(data, FitContext())


def routed(
    workspace: Workspace, data: Dataset, what: FromModel, names: list[str], users: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Which of the models (the first is the default) answers each customer."""
    routes = {
        names.index(route.model): segments.members(workspace, data, route.segment) for route in what.routes
    }
    return by_segment(routes, users)


def models_wanted(what: FromModel, champion: str) -> list[str]:
    """The names of the models that a campaign needs, the default first."""
    return list(dict.fromkeys([what.model or champion, *(route.model for route in what.routes)]))


def _asked(workspace: Workspace, on: Bench, campaign: Campaign, users: NDArray[np.int64]) -> Asked:
    exam, what = on.exam, campaign.what
    if isinstance(what, FixedItems):
        return AskedFixed(len(users), fixed_items(on.data, what))
    names = models_wanted(what, on.champion)
    for name in names:
        if name not in on.models:
            raise _no_model(name, list(on.models))
    batch = exam.batch(users)
    own = exam.candidates_of(batch)
    return AskedModels(
        batch=batch,
        scorers=tuple(on.models[name][1] for name in names),
        model=routed(workspace, on.before, what, names, users),
        fallback=exam.fallback,
        candidates=own if own.pairs is not None else Candidates(items=own.items),
        exclude_seen=not exam.repeats,
        seen_kinds=exam.seen_kinds,
        threads=exam.threads,
    )


def _named(workspace: Workspace, what: FromModel) -> None:
    """Raise NotFoundError for a model that the experiment does not have, InputError where it has no champion."""
    found = comparison(workspace, what.experiment)
    rows = [row.name for row in found.leaderboard if row.run_keys and row.error is None]
    if what.model is None and found.champion is None:
        raise InputError(
            "This experiment has no champion.", fix="Name the model that recommends.", key="what"
        )
    for name in models_wanted(what, found.champion or ""):
        if name not in rows:
            raise _no_model(name, rows)


def _no_model(name: str, known: list[str]) -> NotFoundError:
    return NotFoundError(
        f"There is no trained model {name!r} in this experiment.",
        fix=f"There are: {', '.join(known)}.",
        key="what",
    )


def _sent_to_lately(workspace: Workspace, data: Dataset, days: int, own: str) -> Mask:
    """Who was sent a campaign of this data set, but for the `own`, within so many days."""
    ids = data.interactions.user_ids
    found = np.zeros(len(ids), np.bool_)
    for record in workspace.campaigns.listing(data.name):
        if record.artefact is None or record.id == own:
            continue
        kept = workspace.artefacts.load(record.artefact)
        if workspace.clock.now() - datetime.fromisoformat(kept.meta["prepared"]) >= timedelta(days=days):
            continue
        people = kept.tables["customers"]
        found |= ids.isin(people.loc[people["group"] == "sent", "customer_id"])
    return found

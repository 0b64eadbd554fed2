"""The lists of a campaign, made as a job: who is sent what and why, who is held back; kept, shown, taken away."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from reco_lab.campaigns.audience import Reached
from reco_lab.campaigns.candidates import Asked, AskedFixed, AskedModels, bought_by, pool
from reco_lab.campaigns.control import Groups
from reco_lab.campaigns.lists import Lists, build
from reco_lab.campaigns.price import since
from reco_lab.campaigns.rules import rule_set
from reco_lab.campaigns.spec import Campaign, FixedItems
from reco_lab.core.batch import UserBatch
from reco_lab.core.because import because
from reco_lab.core.catalogue import prices
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NotFoundError
from reco_lab.core.events import Stage
from reco_lab.core.interactions import Kind
from reco_lab.core.likeness import Likeness
from reco_lab.core.progress import Report
from reco_lab.core.ranking import NO_ITEM, Candidates
from reco_lab.core.recommender import FitContext, Scorer
from reco_lab.core.words import agree, count, share
from reco_lab.services.campaigns import (
    audience_in_words,
    bench,
    check,
    fallback,
    fixed_items,
    models_wanted,
    planned,
    reach,
    routed,
    saved,
)
from reco_lab.services.experiments import experiment_of
from reco_lab.services.keeping import load_dataset
from reco_lab.serving.reasons import IN_GENERAL
from reco_lab.store.campaigns import ARTEFACT
from reco_lab.store.records import Job
from reco_lab.workspace import Workspace

JOB = "campaign"
SENT, HELD = "sent", "control"
TOLD_EVERY = 500
DONE = {
    Kind.purchase: "bought {}",
    Kind.cart: "put {} into your cart",
    Kind.rating: "rated {}",
    Kind.view: "looked at {}",
    Kind.click: "looked at {}",
}


@dataclass(frozen=True, eq=False)
class Prepared:
    """The lists of a campaign as they were kept.

    `customers` has a row a customer: customer_id, group (SENT or HELD), standing. `items` has a row an item shown:
    customer_id, place, item_id, title, price (where known), because. `facts` are sentences and numbers for the card.
    """

    id: str
    campaign: Campaign
    customers: pd.DataFrame
    items: pd.DataFrame
    facts: Mapping[str, Any]

    @property
    def sentence(self) -> str:
        """What was made, in words."""
        return str(self.facts["sentence"])

    @property
    def synthetic(self) -> bool:
        """Whether the customers are simulated."""
        return bool(self.facts["synthetic"])


def submit(workspace: Workspace, id_: str) -> str:
    """Queue the making of a campaign's lists; the job's id. What can be refused is refused here (see `check`)."""
    record, campaign = saved(workspace, id_)
    check(workspace, load_dataset(workspace, record.dataset), campaign, id_)
    payload = {"id": id_, "name": f"Lists of {campaign.title}"}
    return workspace.queue.submit(JOB, payload, key=f"{JOB}:{id_}")


def job_of(workspace: Workspace, id_: str) -> Job | None:
    """The latest job that makes the lists of a campaign."""
    return workspace.queue.latest(f"{JOB}:{id_}")


def compute(workspace: Workspace, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """What a worker does with a queued campaign."""
    done = prepare(workspace, str(payload["id"]), report)
    return {"id": done.id, "sentence": done.sentence}


def prepare(workspace: Workspace, id_: str, report: Report = lambda _fraction, _message: None) -> Prepared:
    """Make the lists now, on the newest version of the data: models learn from everything there is first.

    Where somebody asks for something else meanwhile, they are made of that.
    """
    record, campaign = saved(workspace, id_)
    data = load_dataset(workspace, record.dataset)
    campaign = campaign.model_copy(update={"fingerprint": data.fingerprint})
    found, divided = check(workspace, data, campaign, id_)
    users = np.flatnonzero(found.mask)
    sent = users[~divided.control]
    with threadpool_limits(1):
        asked, names = _asked(workspace, data, campaign, sent, report)
        report(0.4, "ranking items for every customer")
        lists = _lists(data, campaign, asked, sent)
        reasons = _reasons(
            data, asked, lists, lambda fraction: report(0.5 + 0.4 * fraction, "finding reasons")
        )
    report(0.95, "keeping the lists")
    facts = _facts(workspace, data, campaign, found, divided, lists, names)
    people = _people(data, users, divided)
    if (
        reach(workspace, data, campaign, id_).mask != found.mask
    ).any():  # somebody was erased or objected meanwhile
        return prepare(workspace, id_, report)
    items = _items(data, sent, lists, reasons)
    spec = campaign.model_dump(mode="json")
    artefact = workspace.artefacts.save(
        ARTEFACT, meta=facts | {"campaign": spec}, tables={"customers": people, "items": items}
    )
    if not workspace.campaigns.prepared(record, spec, artefact):
        return prepare(workspace, id_, report)
    workspace.log.info("a campaign was prepared", customers=len(people), sent=len(sent))
    report(1.0, "done")
    return Prepared(id_, campaign, people, items, facts)


def prepared(workspace: Workspace, id_: str) -> Prepared:
    """The lists of a campaign; NotFoundError while they are not made."""
    record, campaign = saved(workspace, id_)
    if record.artefact is None:
        raise NotFoundError("The lists of this campaign are not made yet.", fix="Press Make the lists.")
    kept = workspace.artefacts.load(record.artefact)
    return Prepared(id_, campaign, kept.tables["customers"], kept.tables["items"], kept.meta)


def _asked(
    workspace: Workspace, data: Dataset, campaign: Campaign, users: NDArray[np.int64], report: Report
) -> tuple[Asked, list[str]]:
    """The customers, and models that learnt from all the data; their names."""
    what = campaign.what
    if isinstance(what, FixedItems):
        return AskedFixed(len(users), fixed_items(data, what)), []
    on = bench(workspace, what.experiment)
    names = models_wanted(what, on.champion)
    asked = experiment_of(workspace.store.experiment(what.experiment))
    learnt = data.interactions.of_kinds(asked.kinds("learn_from"))
    everything = Dataset(data.name, learnt, data.customers, data.items, synthetic=data.synthetic)
    scorers: list[Scorer] = []
    for number, name in enumerate(names):
        report(0.35 * number / len(names), f"{name} learns from everything")
        spec, _ = on.models[name]
        scorers.append(spec.fit(everything, FitContext(asked.seed, threads=asked.threads)))
    known = learnt.item_counts > 0
    return AskedModels(
        batch=UserBatch.of(learnt, users, attributes=data.customers),
        scorers=tuple(scorers),
        model=routed(workspace, data, what, names, users),
        fallback=fallback(everything),
        candidates=Candidates(items=known),
        exclude_seen=not on.exam.repeats,
        seen_kinds=on.exam.seen_kinds,
        threads=asked.threads,
    ), names


def _lists(data: Dataset, campaign: Campaign, asked: Asked, users: NDArray[np.int64]) -> Lists:
    rules, log = rule_set(campaign.rules, data, campaign.items), data.interactions
    gone = rules.not_bought
    bought = None if gone is None else bought_by(log, users, since(log, None, gone.days))
    return build(
        pool(asked, rules, bought, campaign.items), rules, campaign.items, Likeness(log.matrix.tocsc())
    )


def _reasons(
    data: Dataset, asked: Asked, lists: Lists, report: Callable[[float], None]
) -> NDArray[np.object_]:
    """A sentence for each item of each list: the item of the history that speaks most for it, else what ranked it."""
    found = np.full(lists.items.shape, "", object)
    if not isinstance(asked, AskedModels):
        return found
    for number, scorer in enumerate(asked.scorers):
        mine = np.flatnonzero(asked.model == number)
        theirs = asked.batch.take(mine)
        answered = scorer.answers(theirs)
        found[mine] = np.array([IN_GENERAL[basis] for basis in scorer.bases(theirs)], object)[:, None]
        found[mine[~answered]] = IN_GENERAL[Stage.popular]
        for place, row in enumerate(mine[answered].tolist()):  # a model takes one score apart at a time
            if place % TOLD_EVERY == 0:
                report((number + place / max(len(mine), 1)) / len(asked.scorers))
            batch = asked.batch.rows(row, row + 1).within(scorer.n_items)
            speaking = because(scorer, batch, lists.items[row].tolist())
            for column, item in enumerate(lists.items[row].tolist()):
                if item in speaking:
                    found[row, column] = _sentence(data, batch, speaking[item], item)
    return found


def _sentence(data: Dataset, batch: UserBatch, entry: int, item: int) -> str:
    """Because of an item of the history, by the strongest thing that was done to it."""
    code = int(batch.items[entry])
    kinds = set(batch.kinds[batch.items == code].tolist())
    did = next((words for kind, words in DONE.items() if kind in kinds), "went for {}")
    return f"Because you {did.format('it' if code == item else data.title(code))}."


def _people(data: Dataset, users: NDArray[np.int64], divided: Groups) -> pd.DataFrame:
    return pd.DataFrame({
        "customer_id": data.interactions.user_ids.take(users).astype("str"),
        "group": np.where(divided.control, HELD, SENT),
        "standing": divided.standing,
    })  # fmt: skip


def _items(
    data: Dataset, users: NDArray[np.int64], lists: Lists, reasons: NDArray[np.object_]
) -> pd.DataFrame:
    rows, places = np.nonzero(lists.items != NO_ITEM)
    codes = lists.items[rows, places]
    log, known = data.interactions, prices(data)
    frame = pd.DataFrame({
        "customer_id": log.user_ids.take(users[rows]).astype("str"),
        "place": places + 1,
        "item_id": log.item_ids.take(codes).astype("str"),
        "title": data.titles.to_numpy()[codes],
        "because": reasons[rows, places].astype("str"),
    })  # fmt: skip
    return frame if known is None else frame.assign(price=known[codes])


def _facts(
    workspace: Workspace,
    data: Dataset,
    campaign: Campaign,
    found: Reached,
    divided: Groups,
    lists: Lists,
    names: list[str],
) -> dict[str, Any]:
    log = data.interactions
    held = int(divided.control.sum())
    sent = found.customers - held
    shown = (lists.items != NO_ITEM).sum(axis=1)
    short = int((shown < campaign.items).sum())
    theirs = f"{agree(sent, 'gets', 'get')} {count(campaign.items, 'item')}{agree(sent, '', ' each')}"
    parts = [f"{count(sent, 'customer')} {theirs}, {held:,} {agree(held, 'is', 'are')} held back."]
    if short:
        parts.append(
            f"{count(short, 'customer')} {agree(short, 'gets', 'get')} fewer, as the rules leave no more for them."
        )
    if lists.share_of_best is not None and lists.share_of_best < 1:
        least = share(np.floor(lists.share_of_best * 1000) / 1000, 1)
        parts.append(f"What is scarce is shared out at {least} of the best possible, or better.")
    return {
        "sentence": " ".join(parts),
        "audience": audience_in_words(workspace, campaign),
        "reached": found.sentence,
        "steps": [[one.why, one.customers] for one in found.steps],
        "control": divided.sentence,
        "plan": planned(workspace, data, found, divided, campaign).sentence,
        "rules": [rule.sentence for rule in campaign.rules],
        "models": names,
        "sent": sent,
        "held": held,
        "short": short,
        "share_of_best": lists.share_of_best,
        "dataset": data.name,
        "fingerprint": data.fingerprint,
        "synthetic": data.synthetic,
        "prepared": workspace.clock.now().isoformat(timespec="seconds"),
        "data_until": None
        if log.times is None or not len(log)
        else str(log.times.max().astype("datetime64[s]")),
    }

"""Publish and go back over and over while a server answers, and compute every answer anew from the version that it names."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from reco_lab.cleaning.personal import pseudonym
from reco_lab.core.ads import Ad
from reco_lab.core.events import Decision
from reco_lab.core.interactions import Kind
from reco_lab.core.policy import policy
from reco_lab.core.recommender import recommender
from reco_lab.services import ad_loading, bookings
from reco_lab.services.data import save_dataset
from reco_lab.services.keys import make_key
from reco_lab.services.privacy import pseudonym_key
from reco_lab.services.publishing import Plan, restore, rollback
from reco_lab.serving.accounts import Accounts
from reco_lab.serving.appeal import Appeal
from reco_lab.serving.decide import Standing, Weighed, choose, weigh
from reco_lab.serving.people import People
from reco_lab.serving.snapshot import Ranker, Route, Snapshot
from reco_lab.store.events.log import EventLog
from reco_lab.testing.load import Connection, get, post
from reco_lab.testing.served import serving
from reco_lab.testing.serving import ITEMS, publish_chain, publish_plan, small_shop
from reco_lab.workspace import Workspace

MODELS: tuple[Mapping[str, Any], ...] = ({"algorithm": "item_knn"}, {"algorithm": "ease"})
POLICIES: tuple[Mapping[str, Any], ...] = (
    {"policy": "greedy"}, {"policy": "epsilon_greedy", "epsilon": 0.3}, {"policy": "greedy"}, {"policy": "uniform_random"},
)  # fmt: skip
CLIENTS, PLACES, BACK_EVERY = 6, 3, 4
LONGEST = 30.0


@dataclass(frozen=True)
class Asked:
    """One answer: who asked, what she had told by then, and what came."""

    user_id: str
    told: tuple[str, ...]
    answer: Mapping[str, Any]


@dataclass
class Seen:
    """What became of the answers: by version, and what must be none."""

    publications: int = 0
    rollbacks: int = 0
    served: int = 0
    answers: int = 0
    greedy: int = 0
    failed: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every request was answered, and every answer that of its version."""
        return not self.failed and not self.wrong


def publish_often(home: Path, publications: int) -> Seen:
    """Let so many versions serve one after the other under load, go back after some, and look at every answer."""
    with closing(Workspace.open(home)) as workspace:
        plans = _prepared(workspace)
        key = make_key(workspace, "load", ["admin"], who="a test")[0]
        with serving(home) as served:
            served.first_answer("/ads?user_id=u00", key)
            seen, asked, published = asyncio.run(
                _under_load(workspace, plans, publications, served.port, key)
            )
        _look(workspace, published, asked, seen)
    return seen


def _prepared(workspace: Workspace) -> list[Plan]:
    """Two models over the small shop, whose ads differ in what they pay."""
    data = small_shop()
    save_dataset(workspace, data)
    for item in range(ITEMS):
        bookings.book(
            workspace, Ad(id=f"ad-{item:02d}", title=f"Item {item}", item=f"i{item:02d}", bid=0.1 + item % 7)
        )
    bookings.book(workspace, Ad(id="house", title="Visit our shop", house=True))
    return [
        Plan.model_validate(publish_chain(workspace, data, recommender(spec), spec["algorithm"]).spec)
        for spec in MODELS
    ]


def _versions(plans: list[Plan], publications: int) -> Iterator[Plan]:
    """The models and the policies in turns, each time with another weight of what ads pay, so that each is its own version."""
    for number in range(publications):
        changes = {
            "policy": POLICIES[number % len(POLICIES)],
            "bid_weight": (number + 1) / (publications + 1),
        }
        yield plans[number // 2 % 2].model_copy(update=changes)


async def _under_load(
    workspace: Workspace, plans: list[Plan], publications: int, port: int, key: str
) -> tuple[Seen, list[Asked], dict[str, Plan]]:
    seen, asked, over = Seen(), list[Asked](), asyncio.Event()
    published = {plan.version: plan for plan in plans}
    clients = [
        asyncio.create_task(_client(number, port, key, asked, seen, over)) for number in range(CLIENTS)
    ]
    looking = await Connection.open(port)
    for plan in _versions(plans, publications):
        await asyncio.to_thread(publish_plan, workspace, plan)
        published[plan.version] = plan
        seen.publications += 1
        await _served(looking, key, plan.version, seen)
        if seen.publications % BACK_EVERY == 0:
            back = await asyncio.to_thread(rollback, workspace)
            seen.rollbacks += 1
            await _served(looking, key, back.version, seen)
    over.set()
    await asyncio.gather(*clients)
    looking.close()
    return seen, asked, published


async def _served(looking: Connection, key: str, version: str, seen: Seen) -> None:
    """Wait until a version serves."""
    until = time.monotonic() + LONGEST
    while (await looking.ask(get("/ready", key))).values["model_version"] != version:
        if time.monotonic() > until:
            seen.wrong.append(f"{version} never served")
            break
        await asyncio.sleep(0.02)


async def _client(
    number: int, port: int, key: str, asked: list[Asked], seen: Seen, over: asyncio.Event
) -> None:
    """Ask for customers of one's own, known ones and strangers, and tell what some of them did."""
    rng, name = np.random.default_rng(number), uuid.uuid4().hex[:8]
    connection = await Connection.open(port)
    users = [f"u{user:02d}" for user in range(number, 60, CLIENTS)] + [f"{name}-{user}" for user in range(10)]
    told: dict[str, tuple[str, ...]] = {}
    for turn in count():
        if over.is_set():
            break
        user = users[int(rng.integers(len(users)))]
        if turn % 10 == 9 and len(told.get(user, ())) < 4:
            item = f"i{int(rng.integers(ITEMS)):02d}"
            did = {"event_id": f"{name}-{turn}", "user_id": user, "item_id": item}
            reply = await connection.ask(post("/interactions", {"interactions": [did]}, key))
            told[user] = (*told.get(user, ()), item)
        else:
            reply = await connection.ask(get(f"/ads?user_id={user}&n={PLACES}", key))
            if reply.status == 200:
                asked.append(Asked(user, told.get(user, ()), reply.values))
        seen.failed += reply.status != 200
        await asyncio.sleep(0.005)
    connection.close()


def _look(workspace: Workspace, published: Mapping[str, Plan], asked: list[Asked], seen: Seen) -> None:
    log = EventLog.open(workspace.home, workspace.clock, writer=False)
    logged = {one.request_id: one for one in log.decisions(limit=1 << 40)}
    log.close()
    anew = _Anew(workspace)
    seen.answers = len(asked)
    seen.served = len({one.answer["model_version"] for one in asked})
    for one in asked:
        plan, decision = published.get(one.answer["model_version"]), logged.get(one.answer["request_id"])
        if plan is None or decision is None:
            seen.wrong.append(f"{one.answer['request_id']}: of no version, or not logged")
            continue
        seen.greedy += decision.policy == "greedy"
        seen.wrong += [f"{one.answer['request_id']}: {why}" for why in anew.differences(plan, one, decision)]


class _Anew:
    """Answers computed again, from models read again."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._key = workspace, pseudonym_key(workspace)
        self._data = ad_loading.load(workspace, ()).data
        self._booked = ad_loading.booked_over(bookings.ads(workspace), self._data)
        self._histories = ad_loading.histories_over(self._data, ())
        self._restored = cache(partial(restore, workspace))
        self._served: dict[str, tuple[Snapshot, People]] = {}

    def differences(self, plan: Plan, asked: Asked, decision: Decision) -> list[str]:
        """In what an answer and its line in the log are not what this version gives this customer with this history."""
        snapshot, people = self._served.get(asked.answer["model_version"]) or self._serve(plan)
        weighed = self._weighed(snapshot, people, asked, decision)
        chosen, scores = [one.ad_id for one in decision.placed], [one.score for one in decision.placed]
        places = [self._booked.places[id_] for id_ in chosen]
        alone = (
            places and not self._booked.house[places].any()
        )  # the policy chose among the regular ads alone
        could = weighed.open & self._booked.regular if alone else weighed.open
        said = {
            "the log names other ads": [ad["ad_id"] for ad in asked.answer["ads"]] == chosen,
            "another stage": weighed.stage is decision.stage,
            "other candidates": self._booked.candidates(could) == decision.candidates,
            "other scores": weighed.scores[places].tolist() == scores,
            "another policy": plan.policy["policy"] == decision.policy == asked.answer["policy"],
            "other chances": self._chances(snapshot, weighed, places)
            == [one.propensity for one in decision.placed],
        }
        if decision.policy == "greedy":
            best = choose(snapshot, weighed, PLACES, np.random.default_rng(0))
            said["not the best in their order"] = best.places.tolist() == places
        return [why for why, right in said.items() if not right]

    def _chances(self, snapshot: Snapshot, weighed: Weighed, places: list[int]) -> list[float]:
        regular = np.flatnonzero(weighed.open & ~self._booked.house)
        scores = weighed.scores[regular].astype(np.float32)
        mine = np.searchsorted(regular, places)
        rule = snapshot.everybody.policy
        return [float(rule.chances(scores, mine[:place])[one]) for place, one in enumerate(mine)]

    def _weighed(self, snapshot: Snapshot, people: People, asked: Asked, decision: Decision) -> Weighed:
        histories, name = self._histories, pseudonym(self._key, asked.user_id)
        histories.forget(name)
        for item in asked.told:
            histories.add(name, item, Kind.view, decision.at, 1.0)
        books = Accounts(self._booked, decision.at.date(), {}, {})
        standing = Standing(histories, books, Appeal(self._booked))
        customer = people.customer(histories.code(asked.user_id, name), name)
        return weigh(snapshot, standing, customer, "", decision.at, _never)

    def _serve(self, plan: Plan) -> tuple[Snapshot, People]:
        assert self._data is not None
        snapshot = Snapshot(
            version=plan.version,
            chain=tuple(map(self._restored, plan.chain)),
            booked=self._booked,
            everybody=Route(ad_loading.EVERYBODY, policy(plan.policy)),
            customers=self._data.customers,
            titles=self._data.titles.to_numpy(object),
            hide_bought=plan.hide_bought,
            bid_weight=plan.bid_weight,
        )
        made = self._served[plan.version] = snapshot, ad_loading.people_over(snapshot, {}, frozenset())
        return made


def _never(ranker: Ranker, error: Exception) -> None:
    raise AssertionError(f"{ranker.name} fails: {error}")


def told(seen: Seen) -> str:
    """What was seen, in a line."""
    why = Counter(line.partition(": ")[2] for line in seen.wrong)
    return (
        f"{seen.publications:,} publications, {seen.rollbacks:,} rollbacks, {seen.served:,} versions seen in {seen.answers:,} answers "
        f"({seen.greedy:,} greedy): {seen.failed} failed, {len(seen.wrong)} not what their version gives {dict(why) or ''}"
    )

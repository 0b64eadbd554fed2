"""Ads in real time: asked, told what came of it, and at once the wiser. The API and the console call this."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter_ns
from typing import Any

import numpy as np

from reco_lab.cleaning.ids import canonical_id
from reco_lab.cleaning.personal import pseudonym
from reco_lab.core.ads import Ad
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import RecoLabError
from reco_lab.core.events import Decision, Feedback, FeedbackKind, Placed, Stage, Visit
from reco_lab.core.interactions import Kind
from reco_lab.core.ranking import top
from reco_lab.services import ad_loading, bookings
from reco_lab.services.ad_sharing import Sharing
from reco_lab.services.privacy import objecting, pseudonym_key
from reco_lab.serving.accounts import Accounts
from reco_lab.serving.appeal import Appeal
from reco_lab.serving.decide import NOTHING_PERSONAL, Chosen, Standing, Weighed, choose, weigh, without
from reco_lab.serving.histories import Histories
from reco_lab.serving.people import People
from reco_lab.serving.reasons import reasons_of
from reco_lab.serving.snapshot import Ranker, Snapshot
from reco_lab.store.database import from_environment
from reco_lab.store.events.accounts import SharedAccounts
from reco_lab.store.events.log import EventLog
from reco_lab.store.events.records import Tracked
from reco_lab.workspace import Workspace


@dataclass(frozen=True)
class Answer:
    """What a website gets: the decision as it is logged, the ads in its order, and a sentence for each."""

    decision: Decision
    user_id: str
    ads: tuple[Ad, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class ItemsAnswer:
    """Recommended items, best first: id, title, score; who ranked them and with which version."""

    user_id: str
    items: tuple[tuple[str, str, float], ...]
    stage: Stage
    model_version: str


@dataclass(frozen=True)
class EventIn:
    """Feedback as a website sends it; `at` is its own moment, by default the moment it comes in."""

    event_id: str
    decision_id: str
    kind: str
    value: float | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class VisitIn:
    """An interaction as a website sends it."""

    event_id: str
    user_id: str
    item_id: str
    kind: str = "view"
    value: float = 1.0
    at: datetime | None = None


@dataclass(frozen=True)
class Readiness:
    """Whether ads can be served as they should, and if not, what is wrong, in sentences."""

    ready: bool
    problems: tuple[str, ...]
    model_version: str
    policy: str
    ads: int


@dataclass(eq=False)
class AdServer:
    """Serves one workspace from one event loop; a new publication takes its place between two answers.

    Everything that an answer reads is in memory; what it changes is counted in memory and logged.
    """

    workspace: Workspace
    log: EventLog
    rng: np.random.Generator
    snapshot: Snapshot
    data: Dataset | None
    people: People
    standing: Standing
    _key: bytes
    sharing: Sharing | None = None
    _seen: tuple[Any, ...] = ()
    _meanwhile: list[Visit] | None = None
    _unwell: str = ""
    _problem: str = ""
    _failures: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(
        cls, workspace: Workspace, *, writer: bool = True, rng: np.random.Generator | None = None
    ) -> "AdServer":
        """Read what is published and what was logged. InputError where another process serves already."""
        log = EventLog.open(workspace.home, workspace.clock, from_environment(), writer=writer)
        try:
            seen = _signs(workspace)
            loaded = ad_loading.load(workspace, bookings.ads(workspace))
            snapshot, today = loaded.snapshot, workspace.clock.now().date()
            heard = log.visits()
            histories = ad_loading.histories_over(loaded.data, (visit for _, visit in heard))
            sharing = _sharing(workspace, log, heard[-1][0] if heard else 0) if writer else None
            billed = sharing.billed(today) if sharing else log.spending(today)
            accounts = Accounts(snapshot.booked, today, billed, log.shown(today))
            standing = Standing(histories, accounts, Appeal(snapshot.booked, log.clicks()))
            people = ad_loading.people_over(snapshot, log.described("users"), objecting(workspace))
        except BaseException:
            log.close()
            raise
        key = pseudonym_key(workspace)
        chance = rng or np.random.default_rng()
        return cls(workspace, log, chance, snapshot, loaded.data, people, standing, key, sharing, seen)

    def ads(self, user_id: str, slot: str = "", n: int = 1) -> Answer:
        """Decide which ads a customer gets in a slot, and log the decision."""
        begun, now = perf_counter_ns(), self.workspace.clock.now()
        name = self.name_of(user_id)
        chosen = self._chosen(name, user_id, slot, n, now)
        weighed = chosen.weighed
        decision = self._decision(
            name if NOTHING_PERSONAL not in weighed.rules else "", slot, chosen, now, begun
        )
        self._count(decision, chosen)
        self.log.log(decision)
        booked = self.snapshot.booked.ads
        ads = tuple(booked[place] for place in chosen.places.tolist())
        return Answer(decision, user_id, ads, reasons_of(self.snapshot, chosen, self.title))

    def recommendations(self, user_id: str, k: int = 10) -> ItemsAnswer:
        """The k best items for a customer: what she bought before is left out where ads leave it out."""
        now, name = self.workspace.clock.now(), self.name_of(user_id)
        weighed = self._weighed(name, user_id, "", now)
        if weighed.ranker is None or weighed.batch is None or self.data is None:
            return ItemsAnswer(user_id, (), Stage.house, self.snapshot.version)
        scores = weighed.ranker.score(weighed.batch)[None, :].copy()
        if self.snapshot.hide_bought:
            bought = self.standing.histories.bought(weighed.batch)
            scores[0, bought[bought < scores.shape[1]]] = -np.inf
        items, values = top(scores, min(k, scores.shape[1]))
        ids = self.data.interactions.item_ids
        found = tuple(
            (str(ids[item]), self.title(int(item)), float(value))
            for item, value in zip(items[0], values[0], strict=True)
            if item >= 0
        )
        return ItemsAnswer(user_id, found, weighed.stage, self.snapshot.version)

    def weigh(self, user_id: str, slot: str = "") -> Weighed:
        """How every ad stands for a customer now, and what takes it out: nothing is decided or logged."""
        return self._weighed(self.name_of(user_id), user_id, slot, self.workspace.clock.now())

    async def track(self, events: Sequence[EventIn]) -> Tracked:
        """Keep feedback for good; returns when it would survive a power cut."""
        now = self.workspace.clock.now()
        rows = [
            Feedback(one.event_id, one.decision_id, FeedbackKind(one.kind), now, one.at or now, one.value)
            for one in events
        ]
        tracked = await _done(self.log.track(rows))
        for ad, cost in tracked.first_clicks:
            if (place := self.snapshot.booked.places.get(ad)) is not None:
                self.standing.accounts.bill(place, cost)
                self.standing.appeal.was_clicked(place)
        return tracked

    async def visit(self, visits: Sequence[VisitIn]) -> Tracked:
        """Keep interactions for good; the next answer to each of these customers knows them."""
        now = self.workspace.clock.now()
        rows = [
            Visit(one.event_id, self.name_of(one.user_id), canonical_id(one.item_id), one.kind, one.at or now, now, one.value)
            for one in visits
        ]  # fmt: skip
        if self.sharing is not None:
            self.sharing.own.update(row.event_id for row in rows)
        tracked = await _done(self.log.visit(rows))
        for place in tracked.new:
            row = rows[place]
            self.standing.histories.add(row.customer, row.item_id, Kind[row.kind], row.at, row.value)
            if self._meanwhile is not None:
                self._meanwhile.append(row)
        return tracked

    async def put_user(self, user_id: str, attributes: Mapping[str, str]) -> None:
        """Keep what a website tells of a customer; targeting, routes and consent know it at once."""
        name = self.name_of(user_id)
        await _done(self.log.describe("users", name, attributes))
        self.people.tell(name, attributes)

    async def put_item(self, item_id: str, attributes: Mapping[str, str]) -> None:
        """Keep what a website tells of an item, for the next training."""
        await _done(self.log.describe("items", canonical_id(item_id), attributes))

    async def put_ad(self, ad: Ad) -> None:
        """Book or change an ad; the next answer knows it."""
        await asyncio.to_thread(bookings.book, self.workspace, ad)
        await self.refresh()

    async def refresh(self) -> bool:
        """Put a newer publication, changed ads, wishes or the new day in place; what is damaged is refused and told.

        Everything is read beside the answers; they wait only for the moment in which the reference changes.
        """
        self._new_day()
        self._count_again()
        self.standing.appeal.settle()
        if self.sharing is not None:
            day = self.standing.accounts.day
            self.standing.accounts.sync(await asyncio.to_thread(self.sharing.billed, day))
        signs = await asyncio.to_thread(_signs, self.workspace)
        if signs == self._seen or self._meanwhile is not None:
            return False
        self._seen, self._meanwhile = signs, []
        try:
            self._swap(*await asyncio.to_thread(self._read))
        except RecoLabError as error:
            reference = self.workspace.log.reference(error)
            self._problem = f"A new publication was refused and the one before serves on; the log has it under {reference}."
        else:
            self._problem = ""
        finally:
            self._meanwhile = None
        return not self._problem

    def readiness(self) -> Readiness:
        """What `/ready` says."""
        booked = self.snapshot.booked
        flying = int(booked.flying(self.workspace.clock.now()).sum())
        found = (
            self._problem,
            self.log.healthy(),
            "" if flying else "No ad flies: book one.",
            *self._failures.values(),
        )
        problems = tuple(filter(None, found))
        policy = self.snapshot.everybody.policy.policy()
        return Readiness(not problems, problems, self.snapshot.version, policy, flying)

    def name_of(self, user_id: str) -> str:
        """The pseudonym under which a customer is logged."""
        return pseudonym(self._key, user_id)

    def title(self, item: int) -> str:
        """What an item is called."""
        return str(self.snapshot.titles[item]) if item < len(self.snapshot.titles) else ""

    def close(self) -> None:
        """Bring everything counted to the disk and let go of the log."""
        if self.sharing is not None:
            self.sharing.books.close()
        self.log.close()

    def _chosen(self, name: str, user_id: str, slot: str, n: int, now: datetime) -> Chosen:
        """Choose, and where books are shared, choose anew without what they refuse."""
        if self.sharing is None:
            return choose(self.snapshot, self._weighed(name, user_id, slot, now), n, self.rng)
        self.sharing.listen(self.standing.histories)
        booked, accounts = self.snapshot.booked, self.standing.accounts
        weighed = self._weighed(name, user_id, slot, now)
        while True:
            chosen = choose(self.snapshot, weighed, n, self.rng)
            customer = name if NOTHING_PERSONAL not in weighed.rules else ""
            refused = self.sharing.refused(accounts, booked, customer, chosen.places, accounts.day)
            if not refused:
                return chosen
            weighed = without(booked, weighed, refused)

    def _weighed(self, name: str, user_id: str, slot: str, now: datetime) -> Weighed:
        code = self.standing.histories.code(canonical_id(user_id), name)
        customer = self.people.customer(code, name)
        return weigh(self.snapshot, self.standing, customer, slot, now, self._failed)

    def _decision(self, name: str, slot: str, chosen: Chosen, now: datetime, begun: int) -> Decision:
        booked, weighed = self.snapshot.booked, chosen.weighed
        request = secrets.token_hex(12)
        placed = tuple(
            Placed(
                f"{request}-{position}",
                booked.ids[place],
                position,
                chance,
                score,
                cost=booked.ads[place].bid if booked.billed_at_once[place] else 0.0,
                click_cost=0.0 if booked.billed_at_once[place] else booked.ads[place].bid,
            )
            for position, (place, chance, score) in enumerate(
                zip(
                    chosen.places.tolist(),
                    chosen.propensities.tolist(),
                    weighed.scores[chosen.places].tolist(),
                    strict=True,
                )
            )
        )
        return Decision(
            request_id=request,
            at=now,
            customer=name,
            slot=slot,
            placed=placed,
            candidates=booked.candidates(weighed.open),
            n_candidates=int(np.count_nonzero(weighed.open)),
            model_version=self.snapshot.version,
            policy=weighed.route.policy.policy(),
            arm=weighed.route.name,
            stage=chosen.stage,
            rules={
                rule: taken
                for rule, mask in weighed.rules.items()
                if (taken := len(mask) - int(np.count_nonzero(mask)))
            },
            latency_us=(perf_counter_ns() - begun) // 1000,
        )

    def _count(self, decision: Decision, chosen: Chosen) -> None:
        for place, one in zip(chosen.places.tolist(), decision.placed, strict=True):
            self.standing.accounts.showed(place, decision.customer)
            self.standing.appeal.showed(place)
            if one.cost:
                self.standing.accounts.bill(place, one.cost)

    def _failed(self, ranker: Ranker, error: Exception) -> None:
        """Tell a failing model once; the website gets its answer from the next in the chain."""
        if ranker.name not in self._failures:
            reference = self.workspace.log.reference(error)
            self._failures[ranker.name] = (
                f"{ranker.name} fails and is passed over; the log has it under {reference}."
            )

    def _read(self) -> tuple[ad_loading.Loaded, Histories | None, People, frozenset[str]]:
        """Read what serves from now on: histories only where the data is another, with the events they know."""
        loaded = ad_loading.load(self.workspace, bookings.ads(self.workspace))
        people = ad_loading.people_over(loaded.snapshot, self.people.told, objecting(self.workspace))
        same = (
            loaded.data is not None
            and self.data is not None
            and loaded.data.fingerprint == self.data.fingerprint
        )
        if same or (loaded.data is None and self.data is None):
            return loaded, None, people, frozenset()
        visits = [visit for _, visit in self.log.visits()]
        histories = ad_loading.histories_over(loaded.data, visits)
        return loaded, histories, people, frozenset(visit.event_id for visit in visits)

    def _swap(
        self, loaded: ad_loading.Loaded, histories: Histories | None, people: People, known: frozenset[str]
    ) -> None:
        """Put what was read in place, with what was told meanwhile."""
        booked = loaded.snapshot.booked
        if histories is not None:
            for visit in self._meanwhile or ():
                if visit.event_id not in known:
                    histories.add(visit.customer, visit.item_id, Kind[visit.kind], visit.at, visit.value)
        people.told = self.people.told
        books = self.standing.accounts.moved(booked)
        appeal = Appeal(booked, self.standing.appeal.counts())
        self._failures = {}
        self.snapshot, self.data, self.people = loaded.snapshot, loaded.data, people
        self.standing = Standing(histories or self.standing.histories, books, appeal)

    def _count_again(self) -> None:
        """After the database was gone, take over what the log counted: first clicks were not told meanwhile."""
        before, self._unwell = self._unwell, self.log.healthy()
        if before and not self._unwell:
            booked, day = self.snapshot.booked, self.standing.accounts.day
            books = Accounts(booked, day, self.log.spending(day), self.log.shown(day))
            self.standing = Standing(self.standing.histories, books, Appeal(booked, self.log.clicks()))

    def _new_day(self) -> None:
        today, standing = self.workspace.clock.now().date(), self.standing
        if today != standing.accounts.day:
            self.standing = Standing(standing.histories, standing.accounts.next_day(today), standing.appeal)


def _signs(workspace: Workspace) -> tuple[Any, ...]:
    """What tells that something changed: the publication that serves, the ads, the wishes."""
    now = workspace.publications.serving()
    return (
        None if now is None else (now.number, now.version),
        bookings.changed(workspace),
        objecting(workspace),
    )


def _sharing(workspace: Workspace, log: EventLog, heard: int) -> Sharing | None:
    url = from_environment()
    return None if url is None else Sharing(log, SharedAccounts.open(workspace.home, url), heard)


async def _done(future: "Future[Tracked]") -> Tracked:
    return await asyncio.wrap_future(future)

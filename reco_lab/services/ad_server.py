"""Ads in real time: asked, told what came of it, and at once the wiser. The API and the console call this."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from time import perf_counter_ns
from typing import Any

import numpy as np

from reco_lab.cleaning.ids import canonical_id, one_id
from reco_lab.core.ads import Ad
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError, NotNowError
from reco_lab.core.events import Decision, Feedback, FeedbackKind, Visit
from reco_lab.core.interactions import Kind
from reco_lab.services import ad_loading, bookings, erasure
from reco_lab.services.ad_decisions import RequestIds, ToldSets, decision_of
from reco_lab.services.ad_erasing import Leaving
from reco_lab.services.ad_health import Health
from reco_lab.services.ad_items import best_items
from reco_lab.services.ad_learning import Learning, in_use
from reco_lab.services.ad_messages import (
    UNWILLING,
    Answer,
    EventIn,
    ItemsAnswer,
    Readiness,
    VisitIn,
    with_unwilling,
)
from reco_lab.services.ad_names import Names
from reco_lab.services.ad_sharing import Sharing, opened
from reco_lab.services.portrait import portrait
from reco_lab.services.privacy import objecting, pseudonym_key
from reco_lab.serving.accounts import Accounts
from reco_lab.serving.appeal import Appeal
from reco_lab.serving.decide import Chosen, Standing, Weighed, choose, weigh, without
from reco_lab.serving.histories import Histories
from reco_lab.serving.people import People
from reco_lab.serving.reasons import reasons_of
from reco_lab.serving.snapshot import Snapshot
from reco_lab.store.events.log import EventLog
from reco_lab.store.events.records import Tracked
from reco_lab.workspace import Workspace

WHO = "the service"


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
    names: Names
    learning: Learning
    sharing: Sharing | None = None
    _seen: tuple[Any, ...] = ()
    _told: ToldSets = field(default_factory=ToldSets)
    _ids: RequestIds = field(default_factory=RequestIds)
    _meanwhile: list[Visit] | None = None
    _unwell: str = ""
    _recounted: int = 0

    def __post_init__(self) -> None:
        """Begin well, with nobody leaving."""
        self.health = Health(self.workspace.log)
        self.leaving = Leaving(self.workspace, self.log, self._forget)

    @classmethod
    def open(
        cls, workspace: Workspace, *, writer: bool = True, rng: np.random.Generator | None = None
    ) -> "AdServer":
        """Read what is published and what was logged. InputError where another process serves already."""
        with ExitStack() as undo:
            opening = EventLog.open(workspace.home, workspace.clock, workspace.server, writer=writer)
            log = undo.enter_context(closing(opening))
            seen = ad_loading.signs(workspace)
            loaded, trouble = ad_loading.load_whole(workspace, bookings.ads(workspace))
            snapshot, today = loaded.snapshot, workspace.clock.now().date()
            heard = log.visits()
            histories = ad_loading.histories_over(loaded.data, (visit for _, visit in heard))
            sharing = opened(workspace, log, heard[-1][0] if heard else 0) if writer else None
            if sharing is not None:
                undo.callback(sharing.close)
            billed = sharing.books.billed(today) if sharing else log.spending(today)
            accounts = Accounts(snapshot.booked, today, billed, log.shown(today))
            standing = Standing(histories, accounts, Appeal(snapshot.booked, log.clicks()))
            people = ad_loading.people_over(snapshot, log.described("users"), objecting(workspace))
            undo.pop_all()
        names = Names(pseudonym_key(workspace))
        chance = rng or np.random.default_rng()
        learning = Learning(workspace, log)
        found = cls(
            workspace, log, chance, snapshot, loaded.data, people, standing, names, learning, sharing, seen
        )
        if trouble is not None:
            found.health.refuse(trouble, snapshot)
        return found

    def ads(self, user_id: str, slot: str = "", n: int = 1) -> Answer:
        """Decide which ads a customer gets in a slot, and log the decision."""
        begun, now = perf_counter_ns(), self.workspace.clock.now()
        name = self.name_of(user_id)
        chosen = self._chosen(name, user_id, slot, n, now)
        weighed = chosen.weighed
        logged = name if weighed.personal else ""
        request = self._ids.new(now)
        decision = decision_of(self.snapshot, request, logged, slot, chosen, now, begun, self._told)
        self._count(decision, chosen)
        self.log.log(decision)
        booked = self.snapshot.booked.ads
        ads = tuple(booked[place] for place in chosen.places.tolist())
        return Answer(decision, user_id, ads, reasons_of(self.snapshot, chosen, self.title))

    def recommendations(self, user_id: str, k: int = 10) -> ItemsAnswer:
        """The k best items for a customer: what she bought before is left out where ads leave it out."""
        now, name = self.workspace.clock.now(), self.name_of(user_id)
        if self.sharing is not None:
            self.sharing.listen(self.standing)
        weighed = self._weighed(name, user_id, "", now)
        return best_items(self.snapshot, self.standing, self.data, weighed, user_id, k)

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
        before = self._recounted
        tracked = await _done(self.log.track(rows))
        if self._recounted == before:  # else the books, which came from the log meanwhile, know these clicks
            self._clicked(tracked)
        return tracked

    async def replay(self) -> Tracked:
        """Try the events that were kept apart once more; what is right by now counts, once for ever as before."""
        before = self._recounted
        tracked = await asyncio.to_thread(self.log.replay)
        if self._recounted == before:
            self._clicked(tracked)
        elif tracked.first_clicks:  # books that were made anew meanwhile know these clicks, or do not
            self._recount(self.standing.accounts.day)
        return tracked

    async def visit(self, visits: Sequence[VisitIn]) -> Tracked:
        """Keep interactions for good; the next answer to each of these customers knows them."""
        now = self.workspace.clock.now()
        rows = [
            Visit(one.event_id, self.name_of(one.user_id), canonical_id(one.item_id), one.kind, one.at or now, now, one.value)
            for one in visits
        ]  # fmt: skip
        willing = [place for place, row in enumerate(rows) if row.customer not in self.people.objecting]
        tracked = with_unwilling(
            await _done(self.log.visit([rows[place] for place in willing])), willing, len(rows)
        )
        for place in (
            tracked.new if self.sharing is None else ()
        ):  # else they are heard before the next answer
            row = rows[place]
            self.standing.histories.add(row.customer, row.item_id, Kind[row.kind], row.at, row.value)
            if self._meanwhile is not None:
                self._meanwhile.append(row)
        return tracked

    async def put_user(self, user_id: str, attributes: Mapping[str, str]) -> None:
        """Keep what a website tells of a customer; targeting, routes and consent know it at once."""
        name = self.name_of(user_id)
        with suppress(NotNowError):  # then it is merged with what this worker knows
            await self._hear()
        if name in self.people.objecting:
            raise InputError(UNWILLING, fix="Take her off the suppression list first, if she wishes so.")
        told = self.people.with_her_wish(name, attributes)
        await _done(self.log.describe("users", name, told))
        self.people.tell(name, told)

    async def user(self, user_id: str) -> dict[str, Any]:
        """Everything that is known of a customer, for herself."""
        return await asyncio.to_thread(portrait, self.workspace, user_id, who=WHO, log=self.log)

    async def erase(self, user_id: str) -> erasure.Receipt:
        """Erase a customer everywhere; from now on she is a stranger who wants nothing personal.

        What serves is trained anew without her, and until then serves everybody else as before.
        """
        receipt = await self.leaving.erase(user_id, self.name_of(one_id(user_id, "customer")), who=WHO)
        await self.refresh()
        return receipt

    async def put_item(self, item_id: str, attributes: Mapping[str, str]) -> None:
        """Keep what a website tells of an item, for the next training."""
        await _done(self.log.describe("items", canonical_id(item_id), attributes))

    async def put_ad(self, ad: Ad) -> str | None:
        """Book or change an ad; the next answer knows it. What is odd about it, None if nothing is."""
        await asyncio.to_thread(bookings.book, self.workspace, ad)
        await self.refresh()
        return bookings.odd(ad, self.data)

    async def refresh(self) -> bool:
        """Put a newer publication, changed ads, wishes or the new day in place; what is damaged is refused and told.

        Everything is read beside the answers; they wait only for the moment in which the reference changes.
        """
        self._new_day()
        self._count_again()
        self.standing.appeal.settle()
        await self._share()
        signs = await asyncio.to_thread(ad_loading.signs, self.workspace)
        if self._meanwhile is not None or (signs == self._seen and not self.health.due_again()):
            return False
        self._meanwhile = []
        self.leaving.lately.clear()
        try:
            self._swap(*await asyncio.to_thread(self._read))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, what serves now serves on
            self.health.refuse(error, self.snapshot)
            self._swap(*await asyncio.to_thread(self._read, models=False))  # ads and wishes hold all the same
        else:
            self.health.refused = ""
        finally:
            self._meanwhile = None
        self._seen = signs
        return not self.health.refused

    async def learn(self) -> None:
        """Let policies that learn know what happened since; answers go on meanwhile."""
        await asyncio.to_thread(self.learning.catch_up, in_use(self.snapshot))
        if self.learning.learnt.memories:
            await asyncio.to_thread(self.learning.keep)

    def readiness(self) -> Readiness:
        """What `/ready` says."""
        booked = self.snapshot.booked
        flying = int(booked.flying(self.workspace.clock.now()).sum())
        found = (
            *self.health.problems,
            self.log.healthy(),
            self.sharing.silent if self.sharing else "",
            "" if flying else "No ad runs: book one.",
        )
        problems = tuple(filter(None, found))
        policy = self.snapshot.everybody.policy_name
        return Readiness(not problems, problems, self.snapshot.version, policy, flying)

    def name_of(self, user_id: str) -> str:
        """The pseudonym under which a customer is logged."""
        return self.names.of(user_id, self.people.objecting)

    def title(self, item: int) -> str:
        """What an item is called."""
        return self.snapshot.title(item)

    def close(self) -> None:
        """Bring everything counted to the disk and let go of the log."""
        if self.sharing is not None:
            self.sharing.close()
        self.learning.close()
        self.log.close()

    def _chosen(self, name: str, user_id: str, slot: str, n: int, now: datetime) -> Chosen:
        """Choose; where books are shared, anew without what they refuse, and with what was heard of her meanwhile."""
        weighed = self._weighed(name, user_id, slot, now)
        while True:
            chosen = choose(self.snapshot, weighed, n, self.rng, self.learning.learnt, self.health.fails)
            if self.sharing is None:
                return chosen
            refused, news = self.sharing.claim(self.standing, weighed, name, chosen.places)
            if not refused and not news:
                return replace(chosen, unbilled=True) if self.sharing.silent else chosen
            weighed = self._weighed(name, user_id, slot, now) if news else without(weighed, refused)

    def _weighed(self, name: str, user_id: str, slot: str, now: datetime) -> Weighed:
        code = self.standing.histories.code(canonical_id(user_id), name)
        customer = self.people.customer(code, name)
        return weigh(self.snapshot, self.standing, customer, slot, now, self.health.fails)

    def _clicked(self, tracked: Tracked) -> None:
        for ad, cost in tracked.first_clicks:
            if (place := self.snapshot.booked.places.get(ad)) is not None:
                self.standing.accounts.bill(place, cost)
                self.standing.appeal.was_clicked(place)

    def _count(self, decision: Decision, chosen: Chosen) -> None:
        for place, one in zip(chosen.places.tolist(), decision.placed, strict=True):
            self.standing.accounts.showed(place, decision.customer)
            self.standing.appeal.showed(place)
            if one.cost:
                self.standing.accounts.bill(place, one.cost)

    def _read(
        self, *, models: bool = True
    ) -> tuple[ad_loading.Loaded, Histories | None, People, Mapping[str, int]]:
        """Read what serves from now on: histories only where the data is another, with the events they know."""
        ads, now = bookings.ads(self.workspace), ad_loading.Loaded(self.snapshot, self.data)
        loaded = ad_loading.load(self.workspace, ads) if models else now.with_ads(ads)
        people = ad_loading.people_over(loaded.snapshot, self.people.told, objecting(self.workspace))
        same = (
            loaded.data is not None
            and self.data is not None
            and loaded.data.fingerprint == self.data.fingerprint
        )
        if same or (loaded.data is None and self.data is None):
            return loaded, None, people, {}
        heard = self.log.visits()
        histories = ad_loading.histories_over(loaded.data, (visit for _, visit in heard))
        return loaded, histories, people, {visit.event_id: number for number, visit in heard}

    def _swap(
        self, loaded: ad_loading.Loaded, histories: Histories | None, people: People, heard: Mapping[str, int]
    ) -> None:
        """Put what was read in place, with what was told meanwhile."""
        booked = loaded.snapshot.booked
        if histories is not None and self.sharing is not None:
            self.sharing.heard = max(heard.values(), default=0)
        elif histories is not None:
            for visit in self._meanwhile or ():
                if visit.event_id not in heard:
                    histories.add(visit.customer, visit.item_id, Kind[visit.kind], visit.at, visit.value)
        people.told = self.people.told
        people.objecting |= {*self.leaving.names, *self.leaving.lately}
        before = self.standing.accounts
        books = before.moved(booked, lambda: self.log.shown(before.day))
        appeal = Appeal(booked, self.standing.appeal.counts())
        self.health.begin()
        self.snapshot, self.data, self.people = loaded.snapshot, loaded.data, people
        self.standing = Standing(histories or self.standing.histories, books, appeal)
        self._forget(self.leaving.lately)

    def _forget(self, lately: Iterable[str] = ()) -> None:
        """Drop from memory what is known of customers who are being erased, or lately were."""
        self.names.forget()
        for name in {*self.leaving.names, *lately}:
            self.people.forget(name)
            self.standing.histories.forget(name)
            self.standing.accounts.forget(name)

    async def _share(self) -> None:
        """Take over what workers on one server know together: bills, and what was told of customers."""
        if self.sharing is not None:
            self.standing.accounts.sync(await self.sharing.look(self.standing.accounts.day))
            await self._hear()

    async def _hear(self) -> None:
        told = await self.sharing.news() if self.sharing is not None else {}
        for name in told.keys() - self.people.objecting:
            self.people.tell(name, told[name])

    def _count_again(self) -> None:
        """After the database was gone, take over what the log counted: first clicks were not told meanwhile."""
        unwell = self.log.healthy()
        if self._unwell and not unwell:
            self._recount(self.standing.accounts.day)
        self._unwell = unwell

    def _new_day(self) -> None:
        """Begin the books of a new day; those of one that comes again, as a clock was set back, are in the log."""
        today, standing = self.workspace.clock.now().date(), self.standing
        if today > standing.accounts.day:
            self.standing = Standing(standing.histories, standing.accounts.next_day(today), standing.appeal)
        elif today < standing.accounts.day:
            self._recount(today)

    def _recount(self, day: date) -> None:
        self.log.flush()  # no decision is made meanwhile, as answers and this take turns
        booked = self.snapshot.booked
        books = Accounts(booked, day, self.log.spending(day), self.log.shown(day))
        self.standing = Standing(self.standing.histories, books, Appeal(booked, self.log.clicks()))
        self._recounted += 1


async def _done(future: "Future[Tracked]") -> Tracked:
    return await asyncio.wrap_future(future)

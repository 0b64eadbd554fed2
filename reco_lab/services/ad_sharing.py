"""Several workers on one database server: what the others heard and billed is looked at with every answer."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.errors import NotNowError
from reco_lab.core.events import Visit
from reco_lab.core.interactions import Kind
from reco_lab.serving.accounts import Accounts
from reco_lab.serving.booked import Booked
from reco_lab.serving.decide import Standing, Weighed
from reco_lab.serving.histories import Histories
from reco_lab.store.events.accounts import Claim, Claimed, SharedAccounts
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace

CLOSING_SECONDS = 5.0


@dataclass(eq=False)
class Sharing:
    """The books and the ears that workers have in common.

    `heard` is the running number of the last visit known, `listened` that of the last time a customer was told of.
    `silent` says that the server does not answer: then a worker goes by what it knows, until `look` finds the server
    again. What is decided meanwhile is billed as the log takes it in, also where the worker dies before; where the disk
    is full as well, so that nothing can be logged, it is not billed.
    """

    log: EventLog
    books: SharedAccounts
    heard: int = 0
    listened: int = 0
    silent: str = ""
    _looking: Lock = field(default_factory=Lock)
    _hearing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _closed: bool = False

    def listen(self, standing: Standing) -> None:
        """Put the interactions that any worker was told, this one too, into the histories."""
        answer = self._ask("", [], standing.accounts.day)
        if answer is not None:
            self._hear(standing.histories, answer.visits)

    def claim(
        self, standing: Standing, weighed: Weighed, name: str, places: NDArray[np.int32]
    ) -> tuple[list[int], bool]:
        """Claim the ads of an answer, and listen in the same breath.

        Which ads the shared books refuse, and whether any worker was told of this customer meanwhile; if either is
        so, nothing was claimed. Where the books are `silent` nothing is refused, and nothing billed.
        """
        accounts, booked = standing.accounts, standing.accounts.booked
        customer = name if weighed.personal else ""
        claims = {place: claim for place in places.tolist() if (claim := _claim(accounts, booked, place))}
        answer = self._ask(customer, list(claims.values()), accounts.day)
        if answer is None:
            return [], False
        news = self._hear(standing.histories, answer.visits, name)
        if all(answer.granted) and not news:
            return [], False
        kept = [claim for claim, given in zip(claims.values(), answer.granted, strict=True) if given]
        with suppress(NotNowError):  # then they stand, unshown
            self.books.release(customer, kept, accounts.day)
        return [place for place, given in zip(claims, answer.granted, strict=True) if not given], news

    async def news(self) -> Mapping[str, Mapping[str, str]]:
        """What any worker was told of customers since this was asked last; NotNowError where the server does not answer."""
        async with self._hearing:  # what was read first must not come after what was read later
            found = await asyncio.to_thread(self.log.told_of, self.listened)
            self.listened = max((self.listened, *found))
        return dict(found.values())

    async def look(self, day: date) -> Mapping[str, tuple[float, float]]:
        """What all workers billed together on a day and ever; NotNowError where the server does not answer."""
        try:
            found = await asyncio.to_thread(self._look, day)
        except NotNowError as error:
            self.silent = str(error)
            raise
        self.silent = ""
        return found

    def close(self) -> None:
        """Let go of the server; a look that is under way ends first."""
        self._closed = True
        if self._looking.acquire(timeout=CLOSING_SECONDS):
            self.books.close()
            self._looking.release()

    def _look(self, day: date) -> Mapping[str, tuple[float, float]]:
        with self._looking:
            if self._closed:
                raise NotNowError("The books are closed.")
            self.books.connect()
            if self.silent:
                self.log.flush()
            self.books.close_before(day - timedelta(days=1))
            return self.books.billed(day)

    def _ask(self, customer: str, claims: Sequence[Claim], day: date) -> Claimed | None:
        """What the books answer; None while they do not."""
        if self.silent:
            return None
        try:
            return self.books.claim(customer, claims, day, self.heard)
        except NotNowError as error:
            self.silent = str(error)
            return None

    def _hear(self, histories: Histories, visits: Iterable[tuple[int, Visit]], customer: str = "") -> bool:
        """Take visits in; whether one was of this customer."""
        hers = False
        for number, visit in visits:
            self.heard = number
            histories.add(visit.customer, visit.item_id, Kind[visit.kind], visit.at, visit.value)
            hers = hers or visit.customer == customer
        return hers


def _claim(accounts: Accounts, booked: Booked, place: int) -> Claim | None:
    """What has to be claimed for an ad to be shown, where anything has."""
    daily, total, cap = accounts.limits(place)
    cost, _ = booked.costs[place]
    bound = cost or cap is not None or min(daily, total) < np.inf
    return Claim(booked.ids[place], cost, cap, daily, total) if bound else None


def opened(workspace: Workspace, log: EventLog, heard: int) -> Sharing | None:
    """The books and ears that workers share, where there is a server for them; `heard` is the last visit known."""
    url = workspace.server
    return None if url is None else Sharing(log, SharedAccounts.open(workspace.home, url), heard)

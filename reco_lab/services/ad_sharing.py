"""Several workers on one database server: what the others heard and billed is looked at with every answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.events import Visit
from reco_lab.core.interactions import Kind
from reco_lab.serving.accounts import Accounts
from reco_lab.serving.booked import Booked
from reco_lab.serving.decide import Standing, Weighed
from reco_lab.serving.histories import Histories
from reco_lab.store.events.accounts import Claim, SharedAccounts
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace


@dataclass(eq=False)
class Sharing:
    """The books and the ears that workers have in common. `heard` is the running number of the last visit known."""

    log: EventLog
    books: SharedAccounts
    heard: int = 0

    def listen(self, histories: Histories) -> None:
        """Put the interactions that any worker was told, this one too, into the histories."""
        self._hear(histories, self.log.visits(after=self.heard))

    def claim(
        self, standing: Standing, weighed: Weighed, name: str, places: NDArray[np.intp]
    ) -> tuple[list[int], bool]:
        """Claim the ads of an answer, and listen in the same breath.

        Which ads the shared books refuse, and whether any worker was told of this customer meanwhile; if either is
        so, nothing was claimed.
        """
        accounts, booked = standing.accounts, standing.accounts.booked
        customer = name if weighed.personal else ""
        claims = {place: claim for place in places.tolist() if (claim := _claim(accounts, booked, place))}
        answer = self.books.claim(customer, list(claims.values()), accounts.day, self.heard)
        news = self._hear(standing.histories, answer.visits, name)
        if all(answer.granted) and not news:
            return [], False
        kept = [claim for claim, given in zip(claims.values(), answer.granted, strict=True) if given]
        self.books.release(customer, kept, accounts.day)
        return [place for place, given in zip(claims, answer.granted, strict=True) if not given], news

    def billed(self, day: date) -> Mapping[str, tuple[float, float]]:
        """What all workers billed together."""
        return self.books.billed(day)

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

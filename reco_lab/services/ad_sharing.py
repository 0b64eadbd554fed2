"""Several workers on one database server: what the others heard and billed is looked at before every answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.interactions import Kind
from reco_lab.serving.accounts import Accounts
from reco_lab.serving.booked import Booked
from reco_lab.serving.histories import Histories
from reco_lab.store.database import from_environment
from reco_lab.store.events.accounts import Claim, SharedAccounts
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace


@dataclass(eq=False)
class Sharing:
    """The books and the ears that workers have in common. `heard` is the running number of the last visit known."""

    log: EventLog
    books: SharedAccounts
    heard: int = 0
    own: set[str] = field(default_factory=set)

    def listen(self, histories: Histories) -> None:
        """Put the interactions that other workers were told into the histories."""
        for number, visit in self.log.visits(after=self.heard):
            self.heard = number
            if visit.event_id in self.own:
                self.own.discard(visit.event_id)
            else:
                histories.add(visit.customer, visit.item_id, Kind[visit.kind], visit.at, visit.value)

    def refused(
        self, accounts: Accounts, booked: Booked, customer: str, places: NDArray[np.intp], day: date
    ) -> list[int]:
        """Claim ads for an answer; those that the shared books refuse, in which case nothing was claimed."""
        claims = {}
        for place in places.tolist():
            daily, total, cap = accounts.limits(place)
            cost = float(booked.bids[place]) if booked.billed_at_once[place] else 0.0
            if cost or cap is not None or min(daily, total) < np.inf:
                claims[place] = Claim(booked.ids[place], cost, cap, daily, total)
        granted = self.books.claim(customer, list(claims.values()), day)
        if all(granted):
            return []
        kept = [claim for claim, given in zip(claims.values(), granted, strict=True) if given]
        self.books.release(customer, kept, day)
        return [place for place, given in zip(claims, granted, strict=True) if not given]

    def billed(self, day: date) -> Mapping[str, tuple[float, float]]:
        """What all workers billed together."""
        return self.books.billed(day)


def opened(workspace: Workspace, log: EventLog, heard: int) -> Sharing | None:
    """The books and ears that workers share, where there is a server for them; `heard` is the last visit known."""
    url = from_environment()
    return None if url is None else Sharing(log, SharedAccounts.open(workspace.home, url), heard)

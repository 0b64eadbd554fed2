"""How every ad stands for a customer, seen from beside the service: nothing is decided, nothing is logged."""

import asyncio
from dataclasses import dataclass, field
from threading import Lock

from reco_lab.core.ads import Ad
from reco_lab.core.events import Stage
from reco_lab.core.interactions import Kind
from reco_lab.services.ad_loading import people_over
from reco_lab.services.ad_server import AdServer
from reco_lab.services.privacy import objecting
from reco_lab.serving.accounts import Accounts
from reco_lab.serving.appeal import Appeal
from reco_lab.serving.decide import Standing
from reco_lab.workspace import Workspace


@dataclass(frozen=True)
class Stood:
    """An ad before a decision: its rank score, and the rules that kept it out (none: it could be chosen)."""

    ad: Ad
    score: float
    kept_out: tuple[str, ...]


@dataclass(frozen=True)
class Ranked:
    """All ads, those that could be chosen first, best first; who ranked them."""

    stage: Stage
    ads: tuple[Stood, ...]


@dataclass(eq=False)
class Onlooker:
    """Reads what the service reads and follows its log; several threads may ask."""

    workspace: Workspace
    server: AdServer
    _read: int
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def open(cls, workspace: Workspace) -> "Onlooker":
        """Look at what is published now."""
        server = AdServer.open(workspace, writer=False)
        return cls(workspace, server, max((number for number, _ in server.log.visits()), default=0))

    def rank(self, user_id: str, slot: str) -> Ranked:
        """How the ads stand for this customer in this slot at this moment."""
        with self._lock:
            self._follow()
            weighed = self.server.weigh(user_id, slot)
            booked = self.server.snapshot.booked
        stood = [
            Stood(
                ad,
                float(weighed.scores[place]),
                tuple(rule for rule, allowed in weighed.rules.items() if not allowed[place]),
            )
            for place, ad in enumerate(booked.ads)
        ]
        stood.sort(key=lambda one: (bool(one.kept_out), one.ad.house, -one.score, one.ad.id))
        return Ranked(weighed.stage, tuple(stood))

    def _follow(self) -> None:
        """Bring histories, books and people up to what the log says now."""
        server, log = self.server, self.server.log
        before = server.standing.histories
        asyncio.run(server.refresh())
        histories = server.standing.histories
        for number, visit in log.visits(after=self._read):
            self._read = number
            if histories is before:
                histories.add(visit.customer, visit.item_id, Kind[visit.kind], visit.at, visit.value)
        booked, today = server.snapshot.booked, self.workspace.clock.now().date()
        books = Accounts(booked, today, log.spending(today), log.shown(today))
        server.standing = Standing(histories, books, Appeal(booked, log.clicks()))
        server.people = people_over(server.snapshot, log.described("users"), objecting(self.workspace))

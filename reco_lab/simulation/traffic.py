"""Simulated customers on a website: they visit, are shown ads by the service over HTTP, look, click and buy."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path

from reco_lab.client import Client, Event, Interaction, ServiceError, ShownAd
from reco_lab.core.clock import RunningClock
from reco_lab.simulation.crowd import LOOK_STREAM, Crowd, Eyes, Looked, Visit

CONNECTIONS = 4
PLACES = 3
MOST_PAGES = 3
SLOTS = ("home", "item")
LATE = timedelta(hours=6)
NOTE_SECONDS = 1.0
BREATH_SECONDS = 0.2
LOOK_SECONDS = 0.2


@dataclass
class Tally:
    """What came of the traffic so far; of the places that ads had, see `Looked`.

    `house` counts places of the shop's own ads, which nobody clicks; `late` visits that were left out because the
    machine could not keep up, `failed` those in which the service did not answer.
    """

    at: str = ""
    visits: int = 0
    places: int = 0
    house: int = 0
    clicks: int = 0
    bought: int = 0
    chance: float = 0.0
    by_lot: float = 0.0
    possible: float = 0.0
    best: int = 0
    answers: int = 0
    late: int = 0
    failed: int = 0

    def add(self, looked: Looked, known: int) -> None:
        """Count one page with ads, of which `known` are not the shop's own."""
        self.answers += 1
        self.places += known
        self.house += len(looked.clicked) - known
        self.clicks += sum(looked.clicked)
        self.bought += sum(looked.bought)
        self.chance += looked.chance
        self.by_lot += looked.by_lot
        self.possible += looked.possible
        self.best += looked.best


@dataclass(eq=False)
class Traffic:
    """Plays the visits of a crowd on a clock (as it stands when it is asked for) against the service at an address.

    Who comes when is decided by the crowd's seed alone; what she clicks, by her draws and by what she is shown.
    """

    crowd: Crowd
    clock: Callable[[], RunningClock]
    url: str
    tally: Tally = field(default_factory=Tally)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, note: Path) -> Tally:
        """Send customers until the clock stands still or `stop` is called; a line a second goes to `note` (JSON lines)."""
        eyes, coming = Eyes(self.crowd.world, self.crowd.owned), self.crowd.visits()
        workers = [
            threading.Thread(target=self._work, args=(coming, eyes), daemon=True) for _ in range(CONNECTIONS)
        ]
        for worker in workers:
            worker.start()
        self._note(note)
        while any(worker.is_alive() for worker in workers):
            self._stop.wait(NOTE_SECONDS)
            self._note(note)
            for worker in workers:
                worker.join(0 if not self._stop.is_set() else NOTE_SECONDS)
        self._note(note)
        return self.tally

    def stop(self) -> None:
        """Let nobody come any more."""
        self._stop.set()

    def _work(self, coming: Iterator[Visit], eyes: Eyes) -> None:
        with Client(self.url, timeout=5.0) as client:
            while (visit := self._next(coming)) is not None:
                try:
                    self._visit(client, eyes, visit)
                except (OSError, HTTPException, ServiceError):
                    with self._lock:
                        self.tally.failed += 1
                    self._stop.wait(BREATH_SECONDS)

    def _next(self, coming: Iterator[Visit]) -> Visit | None:
        """Wait for the next customer; None once nobody comes any more."""
        with self._lock:
            visit = next(coming)
            while visit.at < self.clock().now() - LATE:
                self.tally.late += 1
                visit = next(coming)
        while (left := (clock := self.clock()).seconds_until(visit.at)) and not clock.over:
            if self._stop.wait(min(left, LOOK_SECONDS)):
                return None
        return None if clock.over or self._stop.is_set() else visit

    def _visit(self, client: Client, eyes: Eyes, visit: Visit) -> None:
        world = self.crowd.world
        day = (visit.at - world.spec.opening).days
        rng = world.spec.rng(LOOK_STREAM, day, visit.number)
        name = str(world.people.table.index[visit.customer])
        events: list[Event] = []
        after: list[tuple[int, str]] = []
        for page in range(min(1 + len(visit.did), MOST_PAGES)):
            shown = client.ads(name, SLOTS[min(page, 1)], PLACES)
            if not shown:
                continue
            with self._lock:
                looked = eyes.look(visit.customer, [ad.ad_id for ad in shown], day, rng)
                self.tally.add(looked, sum(ad.ad_id in eyes.codes for ad in shown))
            events += self._events(shown, looked, eyes)
            after += self._after(shown, looked, eyes)
        if events:
            client.track(*events)
        key = f"{world.spec.seed}-{day}-{visit.number}"
        told = {f"{key}-{place}": one for place, one in enumerate(visit.did)}
        told |= {f"{key}-ad-{place}": one for place, one in enumerate(after)}
        if told:
            items = world.catalogue.table.index
            client.visit(
                *(Interaction(id_, name, str(items[item]), kind) for id_, (item, kind) in told.items())
            )
        with self._lock:
            self.tally.visits += 1
            for item, kind in visit.did:
                if kind == "purchase":
                    eyes.buys(visit.customer, item)

    def _events(self, shown: list[ShownAd], looked: Looked, eyes: Eyes) -> Iterator[Event]:
        for ad, clicked, bought in zip(shown, looked.clicked, looked.bought, strict=True):
            yield Event(f"{ad.decision_id}-seen", ad.decision_id, "impression")
            if clicked:
                yield Event(f"{ad.decision_id}-click", ad.decision_id, "click")
            if bought:
                yield Event(f"{ad.decision_id}-buy", ad.decision_id, "conversion", eyes.prices[ad.ad_id])

    def _after(self, shown: list[ShownAd], looked: Looked, eyes: Eyes) -> Iterator[tuple[int, str]]:
        """A click leads to the item's page, and some buy there."""
        for ad, clicked, bought in zip(shown, looked.clicked, looked.bought, strict=True):
            if clicked:
                item = int(self.crowd.world.ads.promoted[eyes.codes[ad.ad_id]])
                yield item, "view"
                if bought:
                    yield item, "purchase"

    def _note(self, path: Path) -> None:
        with self._lock:
            self.tally.at = self.clock().now().isoformat(timespec="seconds")
            line = json.dumps(asdict(self.tally))
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")

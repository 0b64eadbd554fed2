"""Customers of the simulated shop, day by day, and what they do with the ads they see: by the shop's true chances."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.interactions import Interactions, Kind
from reco_lab.simulation.ads import FATIGUE
from reco_lab.simulation.catalogue import Codes, Floats
from reco_lab.simulation.owned import Owned
from reco_lab.simulation.policy import Policy, PopularWindow
from reco_lab.simulation.visits import live
from reco_lab.simulation.world import NEXT_SLOT, World

OPENING_STREAM, LOOK_STREAM = 6, 7
BUSY = 3.0
BEST = 3
_TOLD = ("view", "cart", "purchase")


@dataclass(frozen=True)
class Visit:
    """A customer (code) comes `at` a moment; `did` are the items (codes) she opened, put into the cart or bought."""

    number: int
    at: datetime
    customer: int
    did: tuple[tuple[int, str], ...]


@dataclass(frozen=True, eq=False)
class Crowd:
    """The customers of a shop from the end of its log on; the same world and seed give the same visits.

    Everybody comes `busy` times as often as in the log, so that minutes are enough to see something.
    """

    world: World
    owned: Owned
    window: Policy
    first: int

    @classmethod
    def after(cls, world: World, log: Interactions, *, seed: int, busy: float = BUSY) -> Self:
        """The customers of a world who bought what its log says they did."""
        people = replace(world.people, activity=world.people.activity * busy)
        lively = replace(world.with_seed(seed), people=people)
        bought = log.kinds == int(Kind.purchase)
        customers = world.people.table.index.get_indexer(log.user_ids)[log.users[bought]]
        items = world.catalogue.table.index.get_indexer(log.item_ids)[log.items[bought]]
        sales = np.bincount(items, minlength=len(world.catalogue)).astype(np.float64)
        owned, days = Owned.nothing(len(world.catalogue)), _days(world, log)[bought]
        for day in np.unique(days).tolist():
            of_day = days == day
            owned = owned.after(customers[of_day].astype(np.int64), items[of_day].astype(np.int64), day)
        return cls(lively, owned, PopularWindow(sales), world.spec.days)

    def visits(self) -> Iterator[Visit]:
        """All visits in the order of their moments, for ever."""
        owned, day = self.owned, self.first
        while True:
            lived = live(self.world, self.window, owned, day)
            yield from self._of_day(day, lived.feedback.visitors, lived.events)
            owned, day = lived.owned, day + 1

    def _of_day(self, day: int, visitors: Codes, events: Any) -> Iterator[Visit]:
        rng, midnight = self.world.spec.rng(OPENING_STREAM, day), self.world.spec.moment(day)
        seconds = dict(zip(visitors.tolist(), (24 * 3600 * rng.random(len(visitors))).tolist(), strict=True))
        did: dict[int, list[tuple[int, str]]] = {customer: [] for customer in seconds}
        for row in events.sort_values("time", kind="stable").itertuples():
            kind = Kind(row.kind).name
            if row.customer in did and kind in _TOLD:
                if not did[row.customer]:
                    seconds[row.customer] = (row.time.to_datetime64() - midnight) / np.timedelta64(1, "s")
                did[row.customer].append((int(row.item), kind))
        begin = self.world.spec.opening + timedelta(days=day)
        order = sorted(seconds, key=lambda one: (seconds[one], one))
        for number, customer in enumerate(order):
            yield Visit(number, begin + timedelta(seconds=seconds[customer]), customer, tuple(did[customer]))


@dataclass(frozen=True)
class Looked:
    """What a customer did with the ads she was shown: which she clicked, and after which click she bought.

    Of the places: the sum of the true chances, of those that ads drawn by lot would have had, and of those of somebody
    who knew every customer and always showed her the best, also earlier that day; `best` is how many showed one of her
    three best ads. By lot and best are of the ads for what she has not bought yet, whatever budgets, caps and slots
    allow.
    """

    clicked: tuple[bool, ...]
    bought: tuple[bool, ...]
    chance: float
    by_lot: float
    possible: float
    best: int


class Eyes:
    """What customers see in ads: the shop's true chances, and how often each saw each ad on this day.

    An ad is tired of within a day and looked at afresh on the next. `owned` is what they bought before.
    """

    def __init__(self, world: World, owned: Owned) -> None:
        everybody, promoted = np.arange(len(world.people)), world.ads.promoted
        self.world = world
        self.chances: Floats = world.ad_click_probability(everybody)
        has = owned.has(np.repeat(everybody, len(promoted)), np.tile(promoted, len(everybody)))
        self._has = has.reshape(self.chances.shape)
        self._seen: dict[int, NDArray[np.int64]] = {}
        self._ideal: dict[int, NDArray[np.int64]] = {}
        self._day = -1

    @cached_property
    def codes(self) -> Mapping[str, int]:
        """The code of each ad."""
        return {str(id_): code for code, id_ in enumerate(self.world.ads.table.index)}

    @cached_property
    def prices(self) -> Mapping[str, float]:
        """What the item costs that each ad promotes."""
        prices = self.world.catalogue.table["price"].to_numpy(np.float64)[self.world.ads.promoted]
        return dict(zip(self.codes, prices.tolist(), strict=True))

    @cached_property
    def resolve(self) -> Floats:
        """The chance that each customer buys what each ad promotes, once she has clicked it: customers x ads."""
        world, everybody = self.world, np.arange(len(self.world.people))
        liking = world.liking(everybody, world.ads.promoted)
        chance = world.cart_chance(everybody[:, None], world.ads.promoted, liking)
        return chance * world.people.resolve[:, None]

    def buys(self, customer: int, item: int) -> None:
        """Know that a customer has an item (code) from now on."""
        self._has[customer, self.world.ads.promoted == item] = True

    def look(self, customer: int, ads: Sequence[str], day: int, rng: np.random.Generator) -> Looked:
        """Let a customer look at ads (ids, best place first; unknown ones leave her cold)."""
        if day != self._day:
            self._seen, self._ideal, self._day = {}, {}, day
        seen, ideal = (
            of.setdefault(customer, np.zeros(len(self.codes), np.int64)) for of in (self._seen, self._ideal)
        )
        fresh = self.chances[customer] * FATIGUE**seen
        places = [(place, self.codes[ad]) for place, ad in enumerate(ads) if ad in self.codes]
        attention = NEXT_SLOT ** np.array([place for place, _ in places], np.float64)
        shown = np.array([code for _, code in places], np.int64)
        chance = fresh[shown] * attention
        draws = rng.random((2, len(ads)))
        clicked, bought = np.zeros(len(ads), bool), np.zeros(len(ads), bool)
        at = [place for place, _ in places]
        clicked[at] = draws[0, at] < chance
        bought[at] = clicked[at] & (draws[1, at] < self.resolve[customer, shown])
        wanted = ~self._has[customer]
        wanted[shown] = True
        best = _best(fresh, wanted)[:BEST]
        theirs = self.chances[customer] * FATIGUE**ideal
        first = _best(theirs, wanted)[: len(places)]
        possible = float((theirs[first] * attention).sum())
        seen[shown] += 1
        ideal[first] += 1
        self._has[customer, shown] |= bought[at]
        return Looked(
            tuple(clicked.tolist()),
            tuple(bought.tolist()),
            float(chance.sum()),
            float(fresh[wanted].mean() * attention.sum()) if places else 0.0,
            possible,
            int(np.isin(shown, best).sum()),
        )


def _best(chances: Floats, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The ads that are wanted, best first."""
    order = np.argsort(-chances, kind="stable")
    return order[wanted[order]]


def _days(world: World, log: Interactions) -> Codes:
    if log.times is None:
        return np.zeros(len(log.users), np.int64)
    days: Codes = ((log.times - world.spec.moment(0)) / np.timedelta64(1, "D")).astype(np.int64)
    return days

"""The laws of the shop: every chance that the simulation draws from and that the truth adds up."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reco_lab.simulation.ads import Ads, make_ads
from reco_lab.simulation.assortment import GOODS
from reco_lab.simulation.catalogue import Catalogue, Codes, Floats, make_catalogue
from reco_lab.simulation.people import People, make_people
from reco_lab.simulation.spec import Shop

WEEK = np.array([1.0, 0.92, 0.95, 0.98, 1.05, 1.2, 1.3])
DAYS_A_YEAR = 365.25
FIRST_SLOT, NEXT_SLOT = 0.9, 0.82
CELLS_IN_A_BLOCK = 1 << 21
ALL = slice(None)


@dataclass(frozen=True, eq=False)
class World:
    """The people, the catalogue and how they meet. Days are counted from the start of the shop.

    A customer's day depends on the past only through what they bought last and when, so that the chance
    of a first purchase in any period can be written down (see `truth`).
    """

    spec: Shop
    people: People
    catalogue: Catalogue
    ads: Ads

    @classmethod
    def build(cls, spec: Shop) -> "World":
        """The world of a specification, always the same one: it need not be stored."""
        catalogue = make_catalogue(spec)
        return cls(spec, make_people(spec), catalogue, make_ads(spec, catalogue))

    def with_seed(self, seed: int) -> "World":
        """The same people and goods, whose days fall out otherwise."""
        return replace(self, spec=self.spec.model_copy(update={"seed": seed}))

    def visit_chance(self, day: int) -> Floats:
        """Each customer's chance to visit on a day: their habit, the weekday, the time of year, how new they are."""
        people, date = self.people, self.spec.moment(day).astype("datetime64[D]")
        weekday = int((date.astype(np.int64) + 3) % 7)
        to_christmas = (np.datetime64(f"{date.astype('datetime64[Y]')}-12-12") - date).astype(np.int64)
        rush = 1 + 0.5 * np.exp(-((to_christmas / 14.0) ** 2))
        age = day - people.joined
        fresh = 1 + 1.5 * np.exp(-np.maximum(age, 0) / 14.0)
        return np.where(age >= 0, -np.expm1(-people.activity * WEEK[weekday] * rush * fresh), 0.0)

    def on_sale(self, day: int) -> NDArray[np.bool_]:
        """Which items can be had on a day."""
        return self.catalogue.added <= day

    def pull(self, day: int) -> Floats:
        """How much the calendar draws customers to each item: its season, its newness, 0 before it arrives."""
        goods, age = self.catalogue.goods, day - self.catalogue.added
        date = self.spec.moment(day)
        turn = (date - date.astype("datetime64[Y]")) / np.timedelta64(1, "D") / DAYS_A_YEAR
        season = np.exp(_swings() * np.cos(2 * np.pi * (turn - _peaks())))[goods]
        new = 1 + (self.catalogue.added > 0) * np.exp(-np.maximum(age, 0) / 21.0)
        return np.where(age >= 0, season * new, 0.0)

    def liking(self, customers: Codes, items: Codes | slice = ALL) -> Floats:
        """Customers x items: how drawn each is to each item, on a log scale around 0."""
        people, goods = self.people, self.catalogue
        likes = people.interest[customers][:, goods.goods[items]]
        likes += people.loyalty[customers][:, goods.brand[items]]
        likes += people.taste[customers] @ goods.style[items].T
        likes -= 1.5 * (goods.dearness[items] - people.budget[customers, None]) ** 2
        likes += goods.quality[items]
        return likes

    def click_chance(self, liking: Floats) -> Floats:
        """The chance that an item that was noticed in the shop window is opened."""
        return _sigmoid(0.7 * liking - 3.0)

    def cart_chance(self, customers: Codes, items: Codes | slice, liking: Floats) -> Floats:
        """The chance that an item that was opened goes into the cart: liking, and price against the thrift.

        Customers and items are broadcast against each other, and so is the liking.
        """
        dearer = self.catalogue.dearness[items] - self.people.budget[customers]
        return _sigmoid(0.5 * liking - 1.8 - self.people.thrift[customers] * dearer)

    def restock_chance(self, items: Codes, days_since: Codes) -> Floats:
        """The chance that a visit renews what the customer bought so many days ago: 0 for what lasts for years."""
        lasts = self.catalogue.lasts[items]
        due = _sigmoid((days_since - lasts) / (0.15 * np.maximum(lasts, 1.0)))
        return np.where(lasts > 0, 0.22 * due, 0.0)

    def ad_click_probability(
        self, customers: Codes, ads: Codes | None = None, position: Codes | int = 0, seen: Codes | int = 0
    ) -> Floats:
        """The true chance that each customer clicks each ad: customers x ads (all of them by default).

        `position` is the slot it stands in, `seen` how often the customer saw it before; both are numbers
        or tables that broadcast to customers x ads. A robot never clicks.
        """
        chosen = self.ads if ads is None else self.ads.take(ads)
        attention = FIRST_SLOT * np.power(NEXT_SLOT, np.asarray(position, np.float64))
        chance: Floats = chosen.click_chance(
            self.liking(customers, chosen.promoted), attention, np.asarray(seen)
        )
        chance[self.people.robot[customers]] = 0.0
        return chance

    @cached_property
    def attention(self) -> Floats:
        """The chance that each slot of the shop window is noticed: the position bias."""
        attention: Floats = FIRST_SLOT * np.power(NEXT_SLOT, np.arange(self.spec.slots))
        return attention

    def blocks(self, customers: Codes) -> list[Codes]:
        """The customers in runs whose tables of customers x items stay small."""
        size = max(1, CELLS_IN_A_BLOCK // len(self.catalogue))
        return [customers[start : start + size] for start in range(0, len(customers), size)]


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def _swings() -> Floats:
    return np.array([goods.swing for goods in GOODS])


def _peaks() -> Floats:
    return np.array([(goods.peak - 0.5) / 12 for goods in GOODS])

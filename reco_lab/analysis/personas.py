"""Telling customers: a few who stand for many, chosen by what they did and never by how well a list serves them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.catalogue import category_pairs, prices
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.words import count, share

SETTLED = 5
HIGH, LOW, MIDDLE = 0.95, 0.05, 0.5
FAITHFUL = 0.5
DAY = "datetime64[D]"

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Persona:
    """A kind of customer: an id that never changes, a name, what tells her from others, and who is nearest to it.

    `customers` are codes, the most telling first; `why` says of each of them what the choice rests on.
    """

    id: str
    name: str
    customers: Codes
    why: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Habits:
    """What is known of some customers (`codes`): rows, days on which they came, mean price, favourite category.

    All arrays follow `codes`; NaN and "" where it is not known. `noun` is what a row of theirs is.
    """

    codes: Codes
    rows: Numbers
    days: Numbers
    last: NDArray[np.datetime64] | None
    price: Numbers
    favourite: NDArray[np.object_]
    devotion: Numbers
    noun: str

    @classmethod
    def of(cls, data: Dataset, known: Interactions, codes: Codes) -> "Habits":
        """Look at the histories of these customers; purchases alone where there are any."""
        bought = known.of_kinds((Kind.purchase,))
        log = bought if len(bought) else known
        rows = np.bincount(log.users, minlength=log.n_users).astype(np.float64)
        days, last = _visits(log)
        favourite, devotion = _favourites(data, log)
        noun = (Kind(log.kinds[0]) if len(np.unique(log.kinds)) == 1 else Kind.interaction).name
        return cls(
            codes=codes,
            rows=rows[codes],
            days=days[codes],
            last=None if last is None else last[codes],
            price=_mean_price(data, log)[codes],
            favourite=favourite[codes],
            devotion=devotion[codes],
            noun=noun,
        )


def personas(data: Dataset, known: Interactions, codes: Codes, most: int = 40) -> list[Persona]:
    """Up to five kinds of customer among these, by their histories alone; each names at most `most`, nearest first.

    What the data does not know (times, prices, categories) makes no persona. `codes` must not be empty.
    """
    habits = Habits.of(data, known, codes)
    return [one for one in _kinds(habits, most) if len(one.customers)]


def _kinds(habits: Habits, most: int) -> Iterator[Persona]:
    visits = habits.days if np.isfinite(habits.days).all() else habits.rows
    settled = habits.rows >= SETTLED
    yield _near("typical", "A typical customer", habits, habits.rows, MIDDLE, habits.rows > 0, most)
    yield _near("loyal", "A loyal customer", habits, visits, HIGH, settled, most)
    few = (habits.rows > 0) & (habits.rows <= np.quantile(habits.rows, LOW))
    yield _near("newcomer", "A newcomer", habits, _lateness(habits), 1.0, few, most)
    priced = settled & np.isfinite(habits.price)
    if priced.any() and np.ptp(habits.price[priced]) > 0:
        yield _near("bargain", "A bargain hunter", habits, habits.price, LOW, priced, most)
    devoted = settled & (habits.devotion >= FAITHFUL)
    if devoted.any():
        yield _near("devoted", "A customer with one passion", habits, habits.devotion, HIGH, devoted, most)


def _near(
    id_: str, name: str, habits: Habits, measure: Numbers, level: float, among: NDArray[np.bool_], most: int
) -> Persona:
    """Who, among some, is nearest to a quantile of a measure; of equals the one with the lower code."""
    places = np.flatnonzero(among & np.isfinite(measure))
    aim = np.quantile(measure[places], level) if len(places) else 0.0
    order = places[np.lexsort((habits.codes[places], np.abs(measure[places] - aim)))][:most]
    return Persona(id_, name, habits.codes[order], tuple(_why(id_, habits, int(place)) for place in order))


def _why(id_: str, habits: Habits, place: int) -> str:
    """What the choice of one customer rests on, in a sentence."""
    had = count(habits.rows[place], habits.noun)
    days = habits.days[place]
    on = f" on {count(days, 'day')}" if np.isfinite(days) else ""
    seen = "" if habits.last is None else f", last on {_day(habits.last[place])}"
    told = {
        "typical": "as many as the customer in the middle",
        "loyal": "more often here than nineteen of twenty",
        "newcomer": "among the shortest histories",
    }
    if id_ == "bargain":
        middle = float(np.nanmedian(habits.price))
        told[id_] = (
            f"mean price {habits.price[place]:,.2f}, where half of all customers pay over {middle:,.2f}"
        )
    if id_ == "devoted":
        told[id_] = f"{share(float(habits.devotion[place]))} of it {habits.favourite[place]}"
    return f"{had}{on}{seen}; {told[id_]}."


def _day(moment: np.datetime64) -> str:
    return f"{pd.Timestamp(moment):%d %b %Y}".lstrip("0")


def _lateness(habits: Habits) -> Numbers:
    """How late each was last seen; without times all are equal."""
    if habits.last is None:
        return np.zeros(len(habits.codes))
    days: Numbers = habits.last.astype(DAY).astype(np.float64)
    return days


def _visits(log: Interactions) -> tuple[Numbers, NDArray[np.datetime64] | None]:
    """On how many days each customer came, and the last of them; NaN and None without times."""
    if log.times is None:
        return np.full(log.n_users, np.nan), None
    days = log.times.astype(DAY).astype(np.int64)
    fresh = (
        np.append(True, (np.diff(log.users) != 0) | (np.diff(days) != 0)) if len(log) else np.zeros(0, bool)
    )
    last = np.full(log.n_users, np.datetime64("NaT"), DAY)
    last[log.users] = log.times.astype(DAY)
    return np.bincount(log.users[fresh], minlength=log.n_users).astype(np.float64), last


def _mean_price(data: Dataset, log: Interactions) -> Numbers:
    price = prices(data)
    if price is None:
        return np.full(log.n_users, np.nan)
    paid = price[log.items]
    known = np.isfinite(paid)
    sums = np.bincount(log.users[known], paid[known], log.n_users)
    counts = np.bincount(log.users[known], minlength=log.n_users)
    means: Numbers = np.divide(sums, counts, out=np.full(log.n_users, np.nan), where=counts > 0)
    return means


def _favourites(data: Dataset, log: Interactions) -> tuple[NDArray[np.object_], Numbers]:
    """The category that each customer went for most, and its share of her rows; "" and NaN where none is known."""
    names, shares = np.full(log.n_users, "", object), np.full(log.n_users, np.nan)
    pairs = category_pairs(data)
    if pairs is None:
        return names, shares
    rows = pd.DataFrame({"user": log.users, "item": log.items}).merge(pairs, on="item")
    counts = rows.groupby(["user", "category"], observed=True).size().reset_index(name="rows")
    best = counts.sort_values(["user", "rows", "category"], ascending=[True, False, True]).drop_duplicates(
        "user"
    )
    who = best["user"].to_numpy()
    names[who] = best["category"].to_numpy(object)
    shares[who] = best["rows"].to_numpy() / np.bincount(log.users, minlength=log.n_users)[who]
    return names, shares

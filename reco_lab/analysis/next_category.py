"""Which category a customer will most likely buy from next: her own habits, and what usually follows what."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.analysis.lifetime_value import HELD_OUT
from reco_lab.analysis.periods import as_date, as_day
from reco_lab.analysis.tastes import Categories, tastes
from reco_lab.analysis.view import day_of, firsts
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.words import count

SHOWN = 3
HABITS = (0.0, 0.25, 0.5, 0.75, 1.0)
DRAWN = 3.0
DOUBT = 10.0
MOST_TRIED = 20_000
BLOCK = 4096
FEWEST = 30

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NextCategory:
    """`customers` (index: code) has first, second, third (categories) and chance: how likely a next visit holds the first.

    `habit` is how much her own habits count beside what usually follows the categories of her last visit.
    """

    customers: pd.DataFrame
    habit: float


@dataclass(frozen=True, eq=False)
class CategoryTest:
    """How categories told at `cut` fared in the next visit of the `customers` who came again after it.

    `hits` is the share whose next visit held the told category, `hits_three` one of the three told,
    `hits_popular` what always naming the most popular category gives, `said` the mean chance that was told.
    """

    cut: date
    customers: int
    hits: float
    hits_three: float
    hits_popular: float
    said: float
    popular: str
    sentence: str


@dataclass(frozen=True, eq=False)
class _Baskets:
    """The visits of a log, in order: whose (`users`), when (`days`), and 1 for each category in it (`held`)."""

    users: NDArray[np.int32]
    days: NDArray[np.int32]
    held: sparse.csr_matrix

    def only(self, kept: NDArray[np.bool_]) -> "_Baskets":
        return replace(self, users=self.users[kept], days=self.days[kept], held=self.held[kept])


@dataclass(frozen=True, eq=False)
class _Model:
    """What is known of each of `users`: `counts` of her `visits` by category and her `last` visit (parts adding up to 1).

    `follows` has, for each category of a visit (row), the share of next visits that hold another (column);
    `usual` is the share of all visits that hold it.
    """

    users: NDArray[np.int32]
    visits: Floats
    counts: sparse.csr_matrix
    last: sparse.csr_matrix
    follows: Floats
    usual: Floats

    def told(self, habit: float) -> tuple[NDArray[np.int64], Floats]:
        """The most likely categories of each customer, best first, and the chance of the first."""
        best = np.empty((len(self.users), min(SHOWN, len(self.usual))), np.int64)
        chance = np.empty(len(self.users))
        for start in range(0, len(self.users), BLOCK):
            rows = slice(start, start + BLOCK)
            found = self._chances(rows, habit)
            best[rows] = np.argsort(-found, axis=1, kind="stable")[:, :SHOWN]
            chance[rows] = found.max(axis=1)
        return best, chance

    def _chances(self, rows: slice, habit: float) -> Floats:
        own = self.counts[rows].toarray() + DRAWN * self.usual
        return habit * own / (self.visits[rows, None] + DRAWN) + (1 - habit) * (
            self.last[rows] @ self.follows
        )


def next_category(data: Dataset) -> NextCategory:
    """Name the next category of every customer; DataError without categories or times."""
    known, seen = _baskets(data)
    model, (habit, honest) = _learned(seen), _habit(seen)
    best, chance = model.told(habit)
    words = ("first", "second", "third")[: best.shape[1]]
    named = {word: known.names[column] for word, column in zip(words, best.T, strict=True)}
    index = pd.Index(model.users.astype(np.int64), name="user")
    return NextCategory(pd.DataFrame(named | {"chance": np.minimum(chance * honest, 1)}, index), habit)


def held_out(data: Dataset, cut: date | None = None) -> CategoryTest:
    """Name the categories as of `cut` (else 70 % of the days) and look into each customer's next visit."""
    known, seen = _baskets(data)
    low, high = int(seen.days.min()), int(seen.days.max())
    day = low + int((1 - HELD_OUT) * (high - low)) if cut is None else as_day(cut)
    before, coming = seen.only(seen.days <= day), _first(seen.only(seen.days > day))
    coming = coming.only(np.isin(coming.users, before.users))
    if len(coming.users) < FEWEST:
        raise DataError(
            f"Only {count(len(coming.users), 'customer')} bought both before and after {as_date(day)}: "
            "too few to judge by.",
            fix="Choose another day or bring a longer log.",
        )
    model, (habit, honest) = _learned(before), _habit(before)
    best, chance = model.told(habit)
    came = np.isin(model.users, coming.users)
    hit = _held(coming.held, best[came])
    popular = int(model.usual.argmax())
    hits, base = float(hit[:, 0].mean()), float(coming.held[:, [popular]].mean())
    name = str(known.names[popular])
    return CategoryTest(
        cut=as_date(day),
        customers=len(hit),
        hits=hits,
        hits_three=float(hit.any(axis=1).mean()),
        hits_popular=base,
        said=float(np.minimum(chance[came] * honest, 1).mean()),
        popular=name,
        sentence=_said(hits, base, name),
    )


def _said(hits: float, base: float, popular: str) -> str:
    verdict = "" if hits > base else " So it is no better than that here."
    return (
        f"In {100 * hits:.0f} of 100 cases the next visit held the category told "
        f"(always naming the most popular, {popular}: {100 * base:.0f}).{verdict}"
    )


def _baskets(data: Dataset) -> tuple[Categories, _Baskets]:
    known, rows = tastes(data)
    rows = rows.take(np.flatnonzero(np.diff(known.shares.indptr)[rows.items] > 0))
    if rows.times is None or not len(rows):
        raise DataError(
            "No purchase has both a time and a category, so nothing can be said of what follows what.",
            fix="Import the data with the column that says when, and map the categories of the items.",
        )
    days = day_of(rows.times)
    begins = np.append(np.flatnonzero(firsts(rows.users, days)), len(rows))
    lines = sparse.csr_matrix((np.ones(len(rows)), rows.items, begins), shape=(len(begins) - 1, rows.n_items))
    held = sparse.csr_matrix(lines @ known.shares)
    held.data = np.ones_like(held.data)
    return known, _Baskets(rows.users[begins[:-1]], days[begins[:-1]], held)


def _learned(seen: _Baskets) -> _Model:
    begins = np.flatnonzero(firsts(seen.users))
    edges = np.append(begins, len(seen.users))
    ones = np.ones(len(seen.users))
    gather = sparse.csr_matrix((ones, np.arange(len(ones)), edges), shape=(len(begins), len(ones)))
    usual = np.asarray(seen.held.mean(axis=0)).ravel()
    last = sparse.csr_matrix(seen.held[edges[1:] - 1])
    last.data = last.data / np.repeat(np.diff(last.indptr), np.diff(last.indptr))
    again = np.flatnonzero(np.diff(seen.users) == 0)
    together = (seen.held[again].T @ seen.held[again + 1]).toarray()
    starts = np.asarray(seen.held[again].sum(axis=0)).ravel()[:, None]
    follows = (together + DOUBT * usual) / (starts + DOUBT)
    counts = sparse.csr_matrix(gather @ seen.held)
    return _Model(seen.users[begins], np.diff(edges).astype(np.float64), counts, last, follows, usual)


def _habit(seen: _Baskets) -> tuple[float, float]:
    """How much habits should count, and by what to multiply a chance so that it means what it says.

    Both are tried on the last visit of customers with more than one. Few of them say little: the factor is
    drawn to 1 as if by ten visits more in which what was told came as often as was said.
    """
    last = np.append(firsts(seen.users)[1:], True)
    earlier, latest = seen.only(~last), seen.only(last)
    latest = latest.only(np.isin(latest.users, earlier.users))
    if not len(latest.users):
        return HABITS[-1], 1.0
    model = _learned(earlier)
    few = np.linspace(0, len(model.users) - 1, min(MOST_TRIED, len(model.users))).astype(np.int64)
    tried = replace(
        model,
        users=model.users[few],
        visits=model.visits[few],
        counts=model.counts[few],
        last=model.last[few],
    )
    found = []
    for habit in HABITS:
        best, chance = tried.told(habit)
        hits = float(_held(latest.held[few], best)[:, 0].mean())
        honest = (hits * len(few) + DOUBT) / (float(chance.sum()) + DOUBT)
        found.append((hits, habit, honest))
    _, habit, honest = max(found, key=lambda one: one[0])
    return habit, honest


def _first(seen: _Baskets) -> _Baskets:
    return seen.only(firsts(seen.users)) if len(seen.users) else seen


def _held(held: sparse.csr_matrix, told: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each visit holds each of the categories told."""
    rows = np.repeat(np.arange(len(told)), told.shape[1])
    return np.asarray(held[rows, told.ravel()] > 0).reshape(told.shape)

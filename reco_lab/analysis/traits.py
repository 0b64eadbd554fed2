"""What sets some customers apart from everyone: traits that they have clearly more or less often."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, stats

from reco_lab.analysis.behaviour import LABELS, behaviour
from reco_lab.analysis.membership import said
from reco_lab.analysis.tastes import categories
from reco_lab.analysis.visits import purchases_of
from reco_lab.core.dataset import Dataset
from reco_lab.core.features import TAG_SEPARATOR
from reco_lab.core.words import day

SMALLEST = 20
MOST_LEVELS = 40
MOST_CATEGORIES = 200
FEW_VALUES = 6
LEVEL = 0.05
CLEARLY = 1.25
FAIR = 0.4  # of so many equal customers nobody says that they are a quarter
SHOWN = 4
BOUGHT = "bought in"
MOST_ABOUT = {BOUGHT: 2}
Part = tuple[list[tuple[str, str]], sparse.csr_matrix, NDArray[np.float64]]
HABITS = ("basket_size", "basket_value", "weekend", "evening", "variety", "price_level")


@dataclass(frozen=True)
class Trait:
    """A trait of members: what `about` (a column, or what they bought in), `value`, the share of members and of everyone.

    Shares are of those of whom it is known. `known` is the share of members of whom it is.
    """

    about: str
    value: str
    inside: float
    everyone: float
    members: int
    known: float = 1.0

    @property
    def words(self) -> str:
        """The trait as a person says it."""
        return f"{self.about} {self.value}"


@dataclass(frozen=True, eq=False)
class Traits:
    """Every trait that may set customers apart: `has` is customers x traits (0 or 1), `names` (about, value) of each.

    `known` says of which customers it can be said whether they have traits about one thing: customers x things (0 or
    1); `of` is the thing that each trait is about.
    """

    names: tuple[tuple[str, str], ...]
    has: sparse.csr_matrix
    of: NDArray[np.int64]
    known: sparse.csr_matrix

    def apart(self, inside: NDArray[np.bool_], but: frozenset[str] = frozenset()) -> tuple[Trait, ...]:
        """The traits by which members differ most surely from all others, one about each thing, two categories.

        A trait counts if chance would not part the shares so in one of 20 looks at all of them (Bonferroni, z test
        for two shares), they differ by a quarter at least, and SMALLEST members have it, so that
        it points at nobody. Shares are of those of whom it is known, so that nobody is set apart by being better known.
        What is `about` one of `but` is left out.
        """
        if inside.all() or not inside.any() or not self.names:
            return ()
        mine, known = (
            np.asarray(inside.astype(np.float64) @ table).ravel() for table in (self.has, self.known)
        )
        all_of, all_known = (np.asarray(table.sum(axis=0)).ravel() for table in (self.has, self.known))
        members, everyone = known[self.of], all_known[self.of]
        others = everyone - members
        share, pooled = mine / np.maximum(members, 1), all_of / np.maximum(everyone, 1)
        rest = (all_of - mine) / np.maximum(others, 1)
        size = 1 / np.maximum(members, 1) + 1 / np.maximum(others, 1)
        off = (share - rest) / np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * size)
        ratio = np.maximum(share, 1e-9) / np.maximum(pooled, 1e-9)
        clear = ((ratio >= CLEARLY) | (ratio <= 1 / CLEARLY)) & (others > 0)
        sure = np.abs(off) > stats.norm.isf(LEVEL / 2 / len(self.names))
        found, seen = list[Trait](), dict[str, int]()
        for one in np.argsort(-np.abs(off), kind="stable").tolist():
            about, value = self.names[one]
            if (
                clear[one]
                and sure[one]
                and mine[one] >= SMALLEST
                and about not in but
                and seen.get(about, 0) < MOST_ABOUT.get(about, 1)
            ):
                seen[about] = seen.get(about, 0) + 1
                told = float(members[one] / inside.sum())
                found.append(Trait(about, value, float(share[one]), float(pooled[one]), int(mine[one]), told))
        return tuple(found[:SHOWN])


def traits(data: Dataset) -> Traits:
    """Gather the traits of a data set: values of attributes, quarters of numbers and days, categories bought in, habits.

    Traits that fewer than 20 customers have are left out: they could be recognised by them.
    """
    n_users = data.interactions.n_users
    parts = [*_attributes(data), *_categories(data), *_habits(data)]
    names = [name for some, _, _ in parts for name in some]
    empty = sparse.csr_matrix((n_users, 0))
    has = sparse.csc_matrix(sparse.hstack([empty, *(columns for _, columns, _ in parts)], format="csc"))
    large = np.flatnonzero(np.diff(has.indptr) >= SMALLEST)
    known = sparse.hstack([empty, *(sparse.csr_matrix(told[:, None]) for _, _, told in parts)], format="csr")
    of = np.repeat(np.arange(len(parts)), [len(some) for some, _, _ in parts])
    return Traits(
        tuple(names[place] for place in large.tolist()),
        sparse.csr_matrix(has[:, large]),
        of[large],
        sparse.csr_matrix(known),
    )


def _attributes(data: Dataset) -> Iterator[Part]:
    if data.customers is None:
        return
    for name in data.customers.columns:
        column = data.customers[name].reset_index(drop=True)
        rows, codes, levels = _measured(column) if is_measured(column) else _worded(column)
        if 2 <= len(levels) <= MOST_LEVELS:
            ones = np.ones(len(rows), np.float64)
            shape = (len(column), len(levels))
            told = np.isin(np.arange(len(column)), rows).astype(np.float64)
            named = [(str(name), level) for level in levels]
            yield named, sparse.csr_matrix((ones, (rows, codes)), shape), told


def _categories(data: Dataset) -> Iterator[Part]:
    found = categories(data)
    if found is None:
        return
    counts = found.per_customer(purchases_of(data)[0])
    often = np.asarray((counts > 0).sum(axis=0)).ravel()
    kept = np.sort(np.argsort(-often, kind="stable")[:MOST_CATEGORIES])
    bought = sparse.csr_matrix((counts[:, kept] > 0).astype(np.float64))
    yield (
        [(BOUGHT, str(found.names[place])) for place in kept.tolist()],
        bought,
        np.ones(len(counts.indptr) - 1),
    )


def _habits(data: Dataset) -> Iterator[Part]:
    """Who is in the lowest or the highest quarter of the buyers in what a purchase of hers looks like."""
    table = behaviour(data).customers
    for name in (one for one in HABITS if one in table):
        values = table[name]
        low, high = values.quantile([0.25, 0.75])
        ends = {"lowest": (values <= low).to_numpy(), "highest": (values >= high).to_numpy()}
        fair = {end: inside for end, inside in ends.items() if inside.mean() <= FAIR}
        places = [table.index.to_numpy()[inside] for inside in fair.values()]
        columns = np.repeat(np.arange(len(places)), [len(one) for one in places])
        rows = np.concatenate([np.zeros(0, np.int64), *places])
        n_users = data.interactions.n_users
        cells = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), (n_users, len(fair)))
        told = np.bincount(table.index[values.notna()], minlength=n_users).astype(np.float64)
        yield [(LABELS.get(name, name), f"among the {end} quarter") for end in fair], cells, told


def is_measured(column: pd.Series) -> bool:
    """Whether the values have an order and are too many to stand one by one."""
    ordered = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    return ordered and not pd.api.types.is_bool_dtype(column) and column.nunique() > FEW_VALUES


def _measured(column: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Quarters: rows, the quarter of each, and the quarters in words."""
    rows = np.flatnonzero(column.notna().to_numpy())
    values = column.iloc[rows]
    quarter = pd.qcut(values.rank(method="first"), 4, labels=False).groupby(values).transform("min")
    codes, used = pd.factorize(quarter, sort=True)
    ends = values.groupby(codes).agg(["min", "max"])
    levels = [f"{_end(low)} to {_end(high)}" for low, high in ends.itertuples(index=False)]
    return rows, codes.astype(np.int64), levels if len(used) > 1 else []


def _end(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return day(value)
    return f"{value:,.4g}" if isinstance(value, float) and not value.is_integer() else said(value)


def _worded(column: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Values: rows, the value of each, and the values in words; a cell may hold several with "|" between them."""
    places, cells = pd.factorize(column)
    if len(cells) > 50 * MOST_LEVELS:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), []
    words = [[word.strip() for word in said(cell).split(TAG_SEPARATOR)] for cell in cells]
    levels = sorted({word for some in words for word in some if word})
    place_of = {level: place for place, level in enumerate(levels)}
    pairs = [(cell, place_of[word]) for cell, some in enumerate(words) for word in set(some) if word]
    table = sparse.csr_matrix(
        (np.ones(len(pairs)), tuple(np.array(pairs, np.int64).reshape(-1, 2).T)), (len(cells), len(levels))
    )
    known = np.flatnonzero(places >= 0)
    wide = sparse.coo_matrix(table[places[known]])
    return known[wide.row], wide.col.astype(np.int64), levels

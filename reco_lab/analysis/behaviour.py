"""What each customer's purchases look like, in a handful of numbers that every model of customers shares."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.analysis.periods import MICROSECONDS, MONDAY
from reco_lab.analysis.tastes import categories
from reco_lab.analysis.view import day_of
from reco_lab.analysis.visits import amounts, purchases_of, visits
from reco_lab.core.catalogue import category_shares, prices
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Interactions

HOUR = MICROSECONDS // 24
EVENING = 18
SATURDAY = 5
LABELS = {
    "visits": "visits",
    "recency": "days since the last purchase",
    "tenure": "days since the first purchase",
    "gap": "days between visits",
    "basket_size": "lines a visit",
    "spent": "money spent",
    "basket_value": "money a visit",
    "weekend": "weekend share",
    "evening": "evening share",
    "variety": "categories",
    "price_level": "price level",
}


@dataclass(frozen=True, eq=False)
class Behaviour:
    """`customers` has a row for each customer with purchases (index: her code) and a column for each known trait.

    `visits` (days with a purchase), `basket_size` (lines a visit) and, as far as the data say it: `recency` and
    `tenure` (days since the last and since the first purchase, at the end of the log), `gap` (mean days between
    visits; NaN for one visit), `spent` (in all), `basket_value` (a visit), `weekend` and `evening` (shares of
    lines, UTC), `variety` (categories, as if evenly mixed), `price_level` (log of price over the middle price
    of its category). `LABELS` are their names in words. `purchases` and `money` as in `Visits`.
    """

    customers: pd.DataFrame
    purchases: bool
    money: str


def behaviour(data: Dataset) -> Behaviour:
    """Describe every customer with purchases (with any row, where none is a purchase) by what she did."""
    rows, purchases, returns = purchases_of(data)
    codes = np.unique(rows.users)
    table = pd.DataFrame(index=pd.Index(codes, name="user"))
    lines = np.bincount(rows.users, minlength=rows.n_users)[codes]
    worth, sentence = amounts(data, rows, returns=returns)
    spent = None if worth is None else np.bincount(rows.users, worth, rows.n_users)[codes]
    if rows.times is not None:
        _rhythm(table, data)
    else:
        table["visits"] = lines
    table["basket_size"] = lines / table["visits"]
    if spent is not None:
        table["spent"], table["basket_value"] = spent, spent / table["visits"]
    if rows.times is not None:
        _week(table, rows, rows.times, lines)
    _taste(table, data, rows)
    return Behaviour(table, purchases, sentence)


def _rhythm(table: pd.DataFrame, data: Dataset) -> None:
    seen = visits(data)
    begins = seen.begins
    first, last = seen.days[begins], seen.days[np.append(begins[1:], len(seen.days)) - 1]
    often = np.diff(np.append(begins, len(seen.days)))
    table["visits"], table["recency"], table["tenure"] = often, seen.end - last, seen.end - first
    table["gap"] = np.where(often > 1, (last - first) / np.maximum(often - 1, 1), np.nan)


def _week(
    table: pd.DataFrame, rows: Interactions, times: NDArray[np.datetime64], lines: NDArray[np.int64]
) -> None:
    codes = table.index.to_numpy()
    weekend = (day_of(times) + MONDAY) % 7 >= SATURDAY
    table["weekend"] = np.bincount(rows.users, weekend, rows.n_users)[codes] / lines
    hour = times.view(np.int64) // HOUR % 24
    if np.ptp(hour) > 0:
        table["evening"] = np.bincount(rows.users, hour >= EVENING, rows.n_users)[codes] / lines


def _taste(table: pd.DataFrame, data: Dataset, rows: Interactions) -> None:
    codes = table.index.to_numpy()
    found = categories(data)
    if found is not None:
        counts = found.per_customer(rows)
        totals = np.asarray(counts.sum(axis=1)).ravel()
        parts = sparse.csr_matrix(counts)
        parts.data = parts.data / np.repeat(totals, np.diff(counts.indptr))
        parts.data = -parts.data * np.log(np.maximum(parts.data, np.finfo(float).tiny))
        table["variety"] = np.where(totals > 0, np.exp(np.asarray(parts.sum(axis=1)).ravel()), np.nan)[codes]
    level = _levels(data)
    if level is not None:
        known = np.isfinite(level[rows.items])
        users = rows.users[known]
        total = np.bincount(users, level[rows.items][known], rows.n_users)[codes]
        many = np.bincount(users, minlength=rows.n_users)[codes]
        table["price_level"] = np.where(many > 0, total / np.maximum(many, 1), np.nan)


def _levels(data: Dataset) -> NDArray[np.float64] | None:
    """The log of each item's price over the middle price of its categories (of all items where it has none)."""
    known = prices(data)
    if known is None or not (known > 0).any():
        return None
    logs = np.log(np.where(known > 0, known, np.nan))
    middle = np.full(len(logs), np.nanmedian(logs))
    shares = category_shares(data)
    if shares is not None:
        priced = sparse.coo_matrix(shares)
        lines = pd.DataFrame({"category": priced.col, "price": logs[priced.row]})
        typical = lines.groupby("category")["price"].transform("median").to_numpy()
        inside = np.bincount(priced.row, np.nan_to_num(typical) * priced.data, len(logs))
        middle = np.where(np.diff(shares.indptr) > 0, inside, middle)
    return np.asarray(logs - middle, np.float64)

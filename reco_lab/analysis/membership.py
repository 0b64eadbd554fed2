"""Who fulfils the rule of a segment: a mask over the customers of a data set, computed on its rows."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis.measured import Measured
from reco_lab.analysis.view import day_of, firsts
from reco_lab.analysis.visits import amounts, purchases_of
from reco_lab.core.catalogue import category_pairs
from reco_lab.core.conditions import (
    AtRisk,
    Attribute,
    Behaviour,
    Due,
    Group,
    Interest,
    Lifetime,
    Listed,
    Rfm,
    Upcoming,
)
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, NotFoundError
from reco_lab.core.features import TAG_SEPARATOR
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.segment import All, Definition, Either, LookAlike, Not

Mask = NDArray[np.bool_]


def mask(known: Measured, definition: Definition) -> Mask:
    """Who is in a segment, by customer code.

    A value, a category or an item that the data do not know is nobody's. Raises NotFoundError for a column
    that is not there, DataError for what the data cannot tell, such as a window where there are no times.
    """
    return _RULES[type(definition)](known, definition)


def _all(known: Measured, rule: All) -> Mask:
    everyone = np.ones(known.data.interactions.n_users, np.bool_)
    return reduce(np.logical_and, (mask(known, one) for one in rule.of), everyone)


def _either(known: Measured, rule: Either) -> Mask:
    nobody = np.zeros(known.data.interactions.n_users, np.bool_)
    return reduce(np.logical_or, (mask(known, one) for one in rule.of), nobody)


def _not(known: Measured, rule: Not) -> Mask:
    return ~mask(known, rule.of)


def _look_alike(known: Measured, rule: LookAlike) -> Mask:
    return _coded(known, known.alike(mask(known, rule.of)).most(rule.number))


def _listed(known: Measured, rule: Listed) -> Mask:
    return np.asarray(known.data.interactions.user_ids.isin(list(rule.ids)), np.bool_)


def _rfm(known: Measured, rule: Rfm) -> Mask:
    table = known.classes(rule.cutoffs)
    return reduce(np.logical_or, (table.members(name) for name in rule.classes))


def _lifetime(known: Measured, rule: Lifetime) -> Mask:
    table = known.valued(rule.horizon)
    if rule.measure not in table:
        raise DataError(
            "Nobody can say what customers will bring in money here.",
            fix="Ask for expected purchases instead.",
        )
    return _coded(known, table.index[_within(table[rule.measure], rule.low, rule.high)].to_numpy())


def _at_risk(known: Measured, rule: AtRisk) -> Mask:
    return _coded(known, known.risks(rule.horizon).listed(rule.low))


def _due(known: Measured, rule: Due) -> Mask:
    told = known.due
    latest = pd.Timestamp(told.end) + pd.Timedelta(days=rule.days)
    table = told.customers
    return _coded(known, table.index[(table["day"] <= latest).to_numpy()].to_numpy())


def _upcoming(known: Measured, rule: Upcoming) -> Mask:
    table = known.upcoming.customers
    return _coded(known, table.index[table["first"].isin(rule.categories).to_numpy()].to_numpy())


def _interest(known: Measured, rule: Interest) -> Mask:
    if rule.category not in known.interests.names:
        return _coded(known, np.zeros(0, np.int64))
    return _coded(known, known.interests.customers(rule.category, rule.low))


def _group(known: Measured, rule: Group) -> Mask:
    members = known.groups(rule).members
    return _coded(known, members.index[members.isin(rule.groups).to_numpy()].to_numpy())


def _coded(known: Measured, codes: NDArray[np.integer]) -> Mask:
    """A mask from codes."""
    found = np.zeros(known.data.interactions.n_users, np.bool_)
    found[codes] = True
    return found


def _attribute(measured: Measured, rule: Attribute) -> Mask:
    data = measured.data
    known = [] if data.customers is None else [str(name) for name in data.customers.columns]
    if data.customers is None or rule.column not in known:
        raise NotFoundError(
            f"The customers have no column {rule.column!r}.",
            where="The rule of the segment",
            fix=f"There are: {', '.join(known)}." if known else "Nothing is known of them but what they did.",
        )
    column = data.customers.iloc[:, known.index(rule.column)]
    if rule.test == "missing":
        return column.isna().to_numpy(np.bool_)
    return _is(column, rule.values) if rule.test == "is" else _between(column, rule)


def _is(column: pd.Series, values: tuple[str, ...]) -> Mask:
    """The distinct cells are looked at, not every one: a million customers have few."""
    codes, cells = pd.factorize(column)
    wanted = {value.strip() for value in values}
    fits = [bool(wanted & {word.strip() for word in said(cell).split(TAG_SEPARATOR)}) for cell in cells]
    return np.append(np.array(fits, np.bool_), False)[codes]


def said(cell: object) -> str:
    """A cell as a person picks it from a list: yes and no for flags, whole numbers without their point."""
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell.date()) if isinstance(cell, pd.Timestamp) else str(cell)


def _between(column: pd.Series, rule: Attribute) -> Mask:
    if pd.api.types.is_datetime64_any_dtype(column):
        days = column.dt.tz_localize(None).dt.floor("D")
        return _within(days, _moment(rule.low), _moment(rule.high))
    low, high = (
        None if end is None else pd.to_numeric(end, errors="coerce") for end in (rule.low, rule.high)
    )
    return _within(pd.to_numeric(column, errors="coerce"), low, high)


def _moment(end: float | str | None) -> object:
    return None if end is None else pd.to_datetime(str(end), errors="coerce")


def _within(values: pd.Series, low: Any, high: Any) -> Mask:
    inside = values.notna()
    inside &= True if low is None else values >= low
    inside &= True if high is None else values <= high
    return np.asarray(inside.fillna(value=False), np.bool_)


def _behaviour(known: Measured, rule: Behaviour) -> Mask:
    amounts = _amount(known.data, rule)
    low, high = (-np.inf if rule.low is None else rule.low), (np.inf if rule.high is None else rule.high)
    return np.asarray((amounts >= low) & (amounts <= high), np.bool_)


def _amount(data: Dataset, rule: Behaviour) -> NDArray[np.float64]:
    """The measure of a rule for every customer; recency is NaN for who never did it."""
    log, money = _done(data, rule)
    keep = _rows(data, log, rule)
    users, n_users = log.users[keep], log.n_users
    if rule.measure == "spend":
        return np.bincount(users, money[keep], n_users).astype(np.float64)
    if rule.measure == "count":
        return np.bincount(users, minlength=n_users).astype(np.float64)
    days = _days(log)[keep]
    if rule.measure == "days":
        return np.bincount(users[firsts(users, days)], minlength=n_users).astype(np.float64)
    last = np.full(n_users, np.nan)
    ends = np.flatnonzero(np.append(np.diff(users) != 0, True)[: len(users)])
    last[users[ends]] = _today(data) - days[ends]
    return last


def _done(data: Dataset, rule: Behaviour) -> tuple[Interactions, NDArray[np.float64]]:
    """The rows that a rule is about, and the money of each (asked for only where it counts)."""
    if rule.interaction is not None:
        rows = data.interactions.of_kinds((Kind[rule.interaction],))
    else:
        rows, _, _ = purchases_of(data)
    if rule.measure != "spend":
        return rows, np.zeros(0)
    worth, sentence = amounts(data, rows)
    if worth is None:
        raise DataError(sentence, fix="Import it with prices, or with the column that says what was paid.")
    return rows, worth


def _rows(data: Dataset, log: Interactions, rule: Behaviour) -> Mask:
    keep = np.ones(len(log), np.bool_)
    if rule.within is not None:
        keep &= _days(log) > _today(data) - rule.within
    if rule.category is not None or rule.item is not None:
        keep &= _items(data, rule)[log.items]
    return keep


def _items(data: Dataset, rule: Behaviour) -> Mask:
    """The items that a rule is about."""
    wanted = np.zeros(data.interactions.n_items, np.bool_)
    if rule.item is not None:
        return np.asarray(data.interactions.item_ids == rule.item, np.bool_)
    pairs = category_pairs(data)
    if pairs is not None:
        wanted[pairs["item"][pairs["category"] == rule.category]] = True
    return wanted


def _days(log: Interactions) -> NDArray[np.int32]:
    if log.times is None:
        raise DataError(
            "This data set has no times: nothing can be asked of a span of days.",
            fix="Import it with the column that says when.",
        )
    return day_of(log.times)


def _today(data: Dataset) -> int:
    """The last day of the whole log."""
    return int(_days(data.interactions).max())


_RULES: Mapping[type, Callable[[Measured, Any], Mask]] = {
    All: _all,
    Either: _either,
    Not: _not,
    Attribute: _attribute,
    Behaviour: _behaviour,
    Rfm: _rfm,
    Listed: _listed,
    LookAlike: _look_alike,
    Lifetime: _lifetime,
    AtRisk: _at_risk,
    Due: _due,
    Upcoming: _upcoming,
    Interest: _interest,
    Group: _group,
}

"""Who fulfils the rule of a segment: a mask over the customers of a data set, computed on its rows."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis.rfm import rfm
from reco_lab.analysis.spending import bought, spending
from reco_lab.analysis.view import day_of, firsts
from reco_lab.core.catalogue import category_pairs
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, NotFoundError
from reco_lab.core.features import TAG_SEPARATOR
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.segment import All, Attribute, Behaviour, Definition, Either, Listed, Not, Rfm

Mask = NDArray[np.bool_]


def mask(data: Dataset, definition: Definition) -> Mask:
    """Who is in a segment, by customer code.

    A value, a category or an item that the data do not know is nobody's. Raises NotFoundError for a column
    that is not there, DataError for a window where there are no times.
    """
    return _RULES[type(definition)](data, definition)


def _all(data: Dataset, rule: All) -> Mask:
    everyone = np.ones(data.interactions.n_users, np.bool_)
    return reduce(np.logical_and, (mask(data, one) for one in rule.of), everyone)


def _either(data: Dataset, rule: Either) -> Mask:
    nobody = np.zeros(data.interactions.n_users, np.bool_)
    return reduce(np.logical_or, (mask(data, one) for one in rule.of), nobody)


def _not(data: Dataset, rule: Not) -> Mask:
    return ~mask(data, rule.of)


def _listed(data: Dataset, rule: Listed) -> Mask:
    return np.asarray(data.interactions.user_ids.isin(list(rule.ids)), np.bool_)


def _rfm(data: Dataset, rule: Rfm) -> Mask:
    table = rfm(data, rule.cutoffs)
    return reduce(np.logical_or, (table.members(name) for name in rule.classes))


def _attribute(data: Dataset, rule: Attribute) -> Mask:
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


def _behaviour(data: Dataset, rule: Behaviour) -> Mask:
    amounts = _measured(data, rule)
    low, high = (-np.inf if rule.low is None else rule.low), (np.inf if rule.high is None else rule.high)
    return np.asarray((amounts >= low) & (amounts <= high), np.bool_)


def _measured(data: Dataset, rule: Behaviour) -> NDArray[np.float64]:
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
    if rule.measure == "spend":
        found = spending(data)
        if found.money is None:
            raise DataError(
                f"Nobody can say who spent how much: {found.rule}.",
                fix="Import it with prices, or with the column that says what was paid.",
            )
        return found.log, found.money
    if rule.interaction is None:
        return bought(data.interactions), np.zeros(0)
    kind = Kind.__members__.get(rule.interaction)
    return data.interactions.of_kinds(() if kind is None else (kind,)), np.zeros(0)


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


_RULES: Mapping[type, Callable[[Dataset, Any], Mask]] = {
    All: _all,
    Either: _either,
    Not: _not,
    Attribute: _attribute,
    Behaviour: _behaviour,
    Rfm: _rfm,
    Listed: _listed,
}

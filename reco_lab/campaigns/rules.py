"""Rules made ready for one catalogue: masks, limits and numbers an item, with every mistake said before anything runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.campaigns.spec import (
    Boost,
    Budget,
    Cap,
    Exclude,
    NotBought,
    Pin,
    Rule,
    Stock,
    Variety,
    Where,
)
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.core.features import TAG_SEPARATOR

NO_LIMIT = np.iinfo(np.int64).max
NO_LEVEL = -1

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class RuleSet:
    """What the rules of a campaign say of each item, by code.

    `allowed`: may be shown. `boost`: added to relevance. `pins`: for a place (from 0), which items may stand there.
    `levels` (caps x items) is the word that a cap counts, NO_LEVEL where it counts none; `most` how many of a word.
    `stock`: for how many customers, NO_LIMIT where nothing limits it. `cost` of showing it once, `budget` for all.
    """

    allowed: Mask
    boost: NDArray[np.float32]
    pins: tuple[tuple[int, Mask], ...]
    levels: NDArray[np.int32]
    most: NDArray[np.int32]
    variety: float
    stock: NDArray[np.int64]
    cost: NDArray[np.float64]
    budget: float
    not_bought: NotBought | None

    @property
    def limited(self) -> bool:
        """Whether customers compete for something."""
        return bool((self.stock < NO_LIMIT).any() or np.isfinite(self.budget))

    def scaled(self, share: float) -> "RuleSet":
        """The same rules for a part of the customers: stock and budget shrink with it, a piece that is there stays one."""
        stock, scarce = self.stock.copy(), self.stock < NO_LIMIT
        fewer = np.round(stock[scarce] * share).astype(np.int64)
        stock[scarce] = np.maximum(fewer, np.minimum(stock[scarce], 1))
        return replace(self, stock=stock, budget=self.budget * share)


def rule_set(rules: Sequence[Rule], data: Dataset, k: int) -> RuleSet:
    """Read the rules for this catalogue and lists of length k.

    Raises InputError for a column that is not there, a condition that no item meets, rules that leave nothing to
    show, two pins for one place, a budget smaller than the cheapest item.
    """
    n = data.interactions.n_items
    allowed = np.ones(n, np.bool_)
    boost = np.zeros(n, np.float32)
    for rule in rules:
        if isinstance(rule, Exclude):
            allowed &= ~matching(rule.where, data)
        elif isinstance(rule, Boost):
            boost += np.float32(rule.strength) * matching(rule.where, data)
    if not allowed.any():
        raise InputError("The rules leave no item to show.", fix="Take away a rule that excludes items.")
    levels = [_levels(rule, data) for rule in rules if isinstance(rule, Cap)]
    most = [
        rule.most
        for rule, rows in zip((rule for rule in rules if isinstance(rule, Cap)), levels, strict=True)
        for _ in rows
    ]
    cost, budget = _budget(rules, data, allowed)
    return RuleSet(
        allowed=allowed,
        boost=boost - min(float(boost.min(initial=0)), 0.0),
        pins=_pins(rules, data, allowed, k),
        levels=np.concatenate([np.zeros((0, n), np.int32), *levels]),
        most=np.array(most, np.int32),
        variety=1 - float(np.prod([1 - rule.strength for rule in rules if isinstance(rule, Variety)])),
        stock=_stock(rules, data, allowed),
        cost=cost,
        budget=budget,
        not_bought=_strictest([rule for rule in rules if isinstance(rule, NotBought)]),
    )


def matching(where: Where, data: Dataset) -> Mask:
    """Which items, by code, meet a condition; InputError where the column is not there or no item does."""
    column = item_column(data, where.column)
    if where.one_of:
        words = _words(column)
        found = np.zeros(len(column), np.bool_)
        found[words.index[words.isin(where.one_of)].to_numpy(np.intp)] = True
    else:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        low = -np.inf if where.low is None else where.low
        high = np.inf if where.high is None else where.high
        found = (numbers >= low) & (numbers <= high)
    if not found.any():
        raise InputError(
            f"No item has {where.sentence!r}.",
            fix=f"Look at what the column {where.column!r} holds.",
            key="rules",
        )
    return np.asarray(found, np.bool_)


def item_column(data: Dataset, name: str) -> pd.Series:
    """A column of the table of items, by code; InputError where it is not there."""
    if data.items is None or name not in data.items.columns:
        known = [] if data.items is None else [str(column) for column in data.items.columns]
        there = f"There are: {', '.join(known)}." if known else "Add a table of items on the Data page."
        raise InputError(f"The items have no column {name!r}.", fix=there, key="rules")
    return data.items[name].reset_index(drop=True)


def _words(column: pd.Series) -> pd.Series:
    """The words of each cell; an index entry an item and word."""
    cells = column.dropna().astype("str")
    words = cells.str.split(TAG_SEPARATOR).explode().str.strip()
    return words[words != ""].astype("str")


def _levels(cap: Cap, data: Dataset) -> NDArray[np.int32]:
    """The word of each item as a code, one row; where cells hold several words, a row for each word."""
    words = _words(item_column(data, cap.column))
    codes, known = pd.factorize(words)
    items = words.index.to_numpy(np.intp)
    if words.index.is_unique:
        row = np.full((1, data.interactions.n_items), NO_LEVEL, np.int32)
        row[0, items] = codes
        return row
    rows = np.full((len(known), data.interactions.n_items), NO_LEVEL, np.int32)
    rows[codes, items] = 0
    return rows


def _pins(rules: Sequence[Rule], data: Dataset, allowed: Mask, k: int) -> tuple[tuple[int, Mask], ...]:
    pins = [rule for rule in rules if isinstance(rule, Pin)]
    places = [rule.place for rule in pins]
    if len(set(places)) < len(places):
        raise InputError(
            "Two rules want the same place of the list.", fix="Give each another place.", key="rules"
        )
    if max(places, default=1) > k:
        raise InputError(
            f"A rule is for place {max(places)}, but lists have {k}.", fix="Show more items.", key="rules"
        )
    found = [(rule, matching(rule.where, data) & allowed) for rule in pins]
    for rule, mask in found:
        if not mask.any():
            raise InputError(
                f"{rule.sentence!r}: other rules exclude all of these.", fix="Take one away.", key="rules"
            )
    return tuple((rule.place - 1, mask) for rule, mask in found)


def _stock(rules: Sequence[Rule], data: Dataset, allowed: Mask) -> NDArray[np.int64]:
    stock = np.full(data.interactions.n_items, NO_LIMIT, np.int64)
    for rule in rules:
        if isinstance(rule, Stock):
            if rule.column is None:
                stock = np.minimum(stock, rule.each or 0)
                continue
            pieces = _numbers(item_column(data, rule.column))
            known = np.isfinite(pieces)
            stock[known] = np.minimum(stock[known], np.maximum(np.floor(pieces[known]), 0).astype(np.int64))
    if not stock[allowed].any():
        raise InputError("No item is in stock.", fix="Look at the column that the stock is in.", key="rules")
    return stock


def _budget(rules: Sequence[Rule], data: Dataset, allowed: Mask) -> tuple[NDArray[np.float64], float]:
    n = data.interactions.n_items
    budgets = [rule for rule in rules if isinstance(rule, Budget)]
    if not budgets:
        return np.zeros(n), np.inf
    if len(budgets) > 1:
        raise InputError("A campaign has one budget.", fix="Take the other one away.", key="rules")
    rule = budgets[0]
    if rule.column is None:
        cost = np.full(n, float(rule.each or 0))
    else:
        cost = np.maximum(np.nan_to_num(_numbers(item_column(data, rule.column))), 0)
    cheapest = float(cost[allowed].min())
    if rule.total < cheapest:
        raise InputError(
            f"The budget of {rule.total:,.2f} is smaller than the cheapest item, which costs {cheapest:,.2f}.",
            fix="Raise the budget.",
            key="rules",
        )
    return cost, rule.total


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if not np.isfinite(numbers).any():
        raise InputError(
            f"The column {column.name!r} holds no numbers.", fix="Choose another column.", key="rules"
        )
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _strictest(rules: Sequence[NotBought]) -> NotBought | None:
    return max(rules, key=lambda rule: np.inf if rule.days is None else rule.days, default=None)

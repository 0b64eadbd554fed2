"""Small data sets to try recommenders on, some of them so plain that the right answer is certain."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import Need

USERS, ITEMS = 30, 18
COLOURS = ("red", "blue")
THINGS = ("shoe", "hat", "scarf", "coat", "belt", "glove", "sock", "shirt", "skirt")
START = np.datetime64("2024-01-01T00:00:00", "us")
HOUR = np.timedelta64(1, "h")
BOARD, HELD = 24, 3


@dataclass(frozen=True, eq=False)
class Shop:
    """A data set to learn from and a validation part that does not overlap it."""

    train: Dataset
    validation: Interactions


def shop(*, relabelled: bool = False) -> Shop:
    """A shop of 30 customers and 18 items in two colours, with times, ratings, repeats and attributes.

    The last customer and the last item are known to the tables only. `relabelled` turns the order of all
    ids round and changes nothing else: code n becomes code (count - 1 - n).
    """
    users, items = _purchases()
    log = _log(
        _names("u", USERS, relabelled)[users],
        _names("i", ITEMS, relabelled)[items],
        3 + 2 * (users % 2 == items % 2) - (users * items) % 3,
    )
    data = Dataset.join(
        "a small shop", log, _customers(relabelled=relabelled), _items(ITEMS, _names("i", ITEMS, relabelled))
    )
    log = data.interactions
    latest = np.append(np.diff(log.users) != 0, True)
    return Shop(data.take(~latest), log.take(latest))


@cache
def standard() -> Shop:
    """The shop that most checks share; whoever changes it breaks them."""
    return shop()


def checkerboard(*, ratings: bool) -> tuple[Dataset, NDArray[np.bool_]]:
    """Customers and items of two colours, and a mask of what should be recommended: three items a customer.

    Each customer touched all items of her colour but these three, which all others of her colour touched
    but a few; so nothing else can be the answer. With `ratings` she gave 5 to her colour and 1 to half of
    the other colour. The order in time tells nothing.
    """
    users, items = np.divmod(np.arange(BOARD * BOARD), BOARD)
    mine = users % 2 == items % 2
    held = mine & ((items // 2 - users // 2) % (BOARD // 2) < HELD)
    other = ~mine & ((items // 2 + users // 2) % 2 == 0) & ratings
    rows = np.random.default_rng(7).permutation(np.flatnonzero((mine & ~held) | other))
    values = np.where(mine, 5, 1)[rows]
    names = _names("i", BOARD)
    log = _log(_names("u", BOARD)[users[rows]], names[items[rows]], values)
    customers = pd.DataFrame({"likes": np.resize(COLOURS, BOARD)}, index=_names("u", BOARD))
    return Dataset.join("a checkerboard", log, customers, _items(BOARD, names)), held.reshape(BOARD, BOARD)


def degenerate() -> Mapping[str, Dataset]:
    """Data sets at the edge of sense, by name."""
    everybody, everything = np.divmod(np.arange(20), 5)
    flat = np.full(20, 3)
    return {
        "one interaction": _bare([0], [0], [3]),
        "one customer": _bare([0] * 5, range(5), range(1, 6)),
        "one item": _bare(range(5), [0] * 5, range(1, 6)),
        "equal ratings": _bare(everybody[::2], everything[::2], flat[::2]),
        "everybody has everything": _bare(everybody, everything, 1 + everybody),
    }


def without(data: Dataset, need: Need) -> Dataset:
    """The data set stripped of what this need asks for."""
    if need is Need.times:
        return replace(data, interactions=replace(data.interactions, times=None))
    if need is Need.ratings:
        flat = np.ones(len(data.interactions), np.float32)
        return replace(data, interactions=replace(data.interactions, values=flat))
    return replace(data, items=None) if need is Need.item_attributes else replace(data, customers=None)


def _purchases() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rng = np.random.default_rng(7)
    users, items = np.divmod(np.arange((USERS - 1) * ITEMS), ITEMS)
    chance = np.where(users % 2 == items % 2, 0.6, 0.15)
    bought = np.flatnonzero((rng.random(len(users)) < chance) & (items < ITEMS - 1))
    order = rng.permutation(np.concatenate((bought, bought[::9])))
    return users[order], items[order]


def _log(users: NDArray[np.str_], items: NDArray[np.str_], values: NDArray[np.int64]) -> Interactions:
    times = START + HOUR * np.arange(len(users))
    frame = pd.DataFrame({"user": users, "item": items, "value": values, "time": times})
    return Interactions.from_frame(frame, ColumnMap("user", "item", "value", "time"))


def _bare(users: object, items: object, values: object) -> Dataset:
    user_codes, item_codes, numbers = (np.array(list(column)) for column in (users, items, values))  # type: ignore[call-overload]  # any iterable will do
    log = _log(_names("u", 20)[user_codes], _names("i", 20)[item_codes], numbers)
    return Dataset.join("an edge case", log, items=_items(5, log.item_ids.to_numpy()[:5]))


def _customers(*, relabelled: bool) -> pd.DataFrame:
    codes = np.arange(USERS)
    table = {"region": np.resize(("north", "south", "east"), USERS), "age": 20.0 + codes}
    return pd.DataFrame(table, index=_names("u", USERS, relabelled))


def _items(count: int, names: NDArray[np.str_]) -> pd.DataFrame:
    codes = np.arange(count)
    colours, things = np.resize(COLOURS, count), np.resize(np.repeat(THINGS, 2), count)
    titles = [f"{colour} {thing}" for colour, thing in zip(colours, things, strict=True)]
    table = pd.DataFrame({"title": titles, "category": colours, "price": 5.0 + codes % 7})
    return table[: len(names)].set_index(pd.Index(names))


def _names(letter: str, count: int, turned: bool = False) -> NDArray[np.str_]:
    names = np.array([f"{letter}{100 + code}" for code in range(count)])
    return names[::-1] if turned else names

"""Lists built place by place under all rules at once."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled


@compiled("boolean(int32[:, ::1], int32[::1], int32[:, ::1], int32, int32[:, ::1], int32)", brief=True)
def full(
    levels: NDArray[np.int32],
    most: NDArray[np.int32],
    items: NDArray[np.int32],
    row: int,
    picks: NDArray[np.int32],
    item: int,
) -> bool:
    """Whether the row's list already holds as many items of a word of this item as a cap allows."""
    for cap in range(len(most)):
        level = levels[cap, item]
        if level < 0:
            continue
        held = 0
        for place in range(picks.shape[1]):
            pick = picks[row, place]
            if pick >= 0 and levels[cap, items[row, pick]] == level:
                held += 1
        if held >= most[cap]:
            return True
    return False


@compiled(
    "void(int32[:, ::1], int32, int32, boolean[::1], float32[::1], float32, float32[:, ::1], int32[::1])",
    brief=True,
)
def mark(
    items: NDArray[np.int32],
    row: int,
    item: int,
    taken: NDArray[np.bool_],
    closest: NDArray[np.float32],
    variety: float,
    alike: NDArray[np.float32],
    places: NDArray[np.int32],
) -> None:
    """Remember that the row's list holds an item, which may stand among its candidates twice, and what is like it."""
    for column in range(items.shape[1]):
        other = items[row, column]
        if other == item:
            taken[column] = True
        elif variety > 0 and other >= 0:
            closest[column] = max(closest[column], alike[places[item], places[other]])


@compiled(
    "int32(int32[:, ::1], float32[:, ::1], int32, int32, boolean, float32[::1], float32, int32, boolean[:, ::1], "
    "int32[:, ::1], int32[::1], boolean[::1], float32[::1], float32, int64[::1], float64[::1], float64[::1], "
    "int32[:, ::1])",
    brief=True,
)
def choice(
    items: NDArray[np.int32],
    worth: NDArray[np.float32],
    row: int,
    width: int,
    falling: bool,
    prices: NDArray[np.float32],
    floor: float,
    pin: int,
    pinned: NDArray[np.bool_],
    levels: NDArray[np.int32],
    most: NDArray[np.int32],
    taken: NDArray[np.bool_],
    closest: NDArray[np.float32],
    variety: float,
    left: NDArray[np.int64],
    cost: NDArray[np.float64],
    money: NDArray[np.float64],
    picks: NDArray[np.int32],
) -> int:
    """The column of the row's best candidate that everything allows, -1 where there is none.

    A candidate is worth (1 - variety) * worth - variety * likeness to the list - price, and is passed over below
    `floor`, where no piece of it is `left`, where it costs more than the `money` there is (one number) or where a cap
    is reached. `falling`: worth falls from column to column and variety is 0.
    """
    best, found = -np.inf, -1
    for column in range(width):
        if falling and worth[row, column] <= best:
            break
        item = items[row, column]
        if item < 0 or taken[column] or (pin >= 0 and not pinned[pin, item]):
            continue
        value = (1 - variety) * worth[row, column] - variety * closest[column] - prices[item]
        if value <= best or (value < floor and pin < 0) or left[item] <= 0 or cost[item] > money[0]:
            continue
        if not full(levels, most, items, row, picks, item):
            best, found = value, column
    return found


@compiled(
    "void(int32[:, ::1], float32[:, ::1], int32, boolean, float32[::1], float32, int32[::1], boolean[:, ::1], "
    "int32[:, ::1], int32[::1], float32[:, ::1], int32[::1], float32, int64[::1], float64[::1], float64[::1], "
    "int32[:, ::1])"
)
def fill(
    items: NDArray[np.int32],
    worth: NDArray[np.float32],
    depth: int,
    falling: bool,
    prices: NDArray[np.float32],
    floor: float,
    pins: NDArray[np.int32],
    pinned: NDArray[np.bool_],
    levels: NDArray[np.int32],
    most: NDArray[np.int32],
    alike: NDArray[np.float32],
    places: NDArray[np.int32],
    variety: float,
    left: NDArray[np.int64],
    cost: NDArray[np.float64],
    money: NDArray[np.float64],
    picks: NDArray[np.int32],
) -> None:
    """Fill the empty places of each row's list with the columns of the best candidates, in order of the rows.

    What a candidate is worth and which are passed over is settled by `choice`. Columns from `depth` on are for pinned
    places only; `pins` is the row of `pinned` for each place, -1 for none; a pinned place without a candidate is
    filled as any other. `left`, `money` and `picks` are changed.
    """
    width, length = items.shape[1], picks.shape[1]
    for row in range(len(items)):
        closest, taken = np.zeros(width, np.float32), np.zeros(width, np.bool_)
        for place in range(length):
            if picks[row, place] >= 0:
                mark(items, row, items[row, picks[row, place]], taken, closest, variety, alike, places)
        for place in range(length):
            if picks[row, place] >= 0:
                continue
            found = -1
            if pins[place] >= 0:
                found = choice(items, worth, row, width, False, prices, floor, pins[place], pinned, levels, most, taken,
                               closest, variety, left, cost, money, picks)  # fmt: skip
            if found < 0:
                found = choice(items, worth, row, depth, falling, prices, floor, -1, pinned, levels, most, taken,
                               closest, variety, left, cost, money, picks)  # fmt: skip
            if found < 0:
                continue
            picks[row, place], item = found, items[row, found]
            left[item] -= 1
            money[0] -= cost[item]
            taken[found] = True
            if width > depth or variety > 0:
                mark(items, row, item, taken, closest, variety, alike, places)

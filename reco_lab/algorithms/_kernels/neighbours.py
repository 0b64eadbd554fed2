"""How items occur together, row by row: all of it, or the k that count most of each row without holding the rest.

The log is given twice, as the CSR of items x customers (`of_item...`) and of customers x items
(`of_customer...`). Columns are cast to unsigned numbers: that spares the check for negative indices. In a
large log most of the time would be spent waiting for memory: rows needed soon are fetched ahead, A_LINE codes
a line of the processor's cache. Sums have the type of the customers' weights: in single precision more of them
lie near.
"""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled, prefetch

TILE = 64
AHEAD, A_LINE = 2, 32
FEW = 200  # an item of fewer customers looks first at others like it, which stand last: most fall short of these
LEEWAY = 1e-12

Starts = NDArray[np.int32]
Codes = NDArray[np.int32]
AnyCodes = NDArray[np.uint16] | NDArray[np.int32]
Terms = NDArray[np.float64]
Sums = NDArray[np.float32] | NDArray[np.float64]

LISTS_AND_SUMS = [(codes, sums) for codes in ("uint16", "int32") for sums in ("float32", "float64")]


@compiled("int64(float64[::1], int32[::1], int64, float64, int32)")
def offer(values: Terms, columns: Codes, count: int, value: float, column: np.int32) -> int:
    """Keep an entry among the best (of equal ones the first columns) in a heap, the worst on top; how many there are."""
    if count < len(values):
        place = count
        count += 1
        while place > 0:
            above = (place - 1) >> 1
            if values[above] < value or (values[above] == value and columns[above] > column):
                break
            values[place], columns[place] = values[above], columns[above]
            place = above
    else:
        if value < values[0] or (value == values[0] and column > columns[0]):
            return count
        place = 0
        while 2 * place + 1 < count:
            below = 2 * place + 1
            if below + 1 < count and (
                values[below + 1] < values[below]
                or (values[below + 1] == values[below] and columns[below + 1] > columns[below])
            ):
                below += 1
            if values[below] > value or (values[below] == value and columns[below] < column):
                break
            values[place], columns[place] = values[below], columns[below]
            place = below
    values[place], columns[place] = value, column
    return count


@compiled(
    [
        f"int64(int64, int32[::1], int32[::1], int32[::1], {codes}[::1], {sums}[::1], {sums}[::1])"
        for codes, sums in LISTS_AND_SUMS
    ]
)
def _shared(
    item: int,
    of_item_starts: Starts,
    of_item: Codes,
    of_customer_starts: Starts,
    of_customer: AnyCodes,
    weights: Sums,
    common: Sums,
) -> int:
    """Add the weights of the customers that one item shares with each other; how many additions that took."""
    work = 0
    for entry in range(of_item_starts[item], of_item_starts[item + 1]):
        if entry + 2 * AHEAD < len(of_item):
            later = np.uint32(of_item[entry + AHEAD])
            prefetch(of_customer_starts, np.uint32(of_item[entry + 2 * AHEAD]))
            prefetch(weights, later)
            for place in range(of_customer_starts[later], of_customer_starts[later + 1], A_LINE):
                prefetch(of_customer, place)
        customer = np.uint32(of_item[entry])
        weight, place, end = weights[customer], of_customer_starts[customer], of_customer_starts[customer + 1]
        work += end - place
        while place + 4 <= end:
            one, two = np.uint32(of_customer[place]), np.uint32(of_customer[place + 1])
            three, four = np.uint32(of_customer[place + 2]), np.uint32(of_customer[place + 3])
            common[one] += weight
            common[two] += weight
            common[three] += weight
            common[four] += weight
            place += 4
        while place < end:
            common[np.uint32(of_customer[place])] += weight
            place += 1
    return work


@compiled("float64[:, ::1](float64[::1], float64[::1])")
def _tiles(gains: Terms, others: Terms) -> NDArray[np.float64]:
    """The highest gain and the lowest of `others` in each tile."""
    bounds = np.empty((-(-len(others) // TILE), 2))
    for tile in range(len(bounds)):
        within = slice(tile * TILE, (tile + 1) * TILE)
        bounds[tile] = gains[within].max(), others[within].min()
    return bounds


@compiled(
    [
        f"int64(float64[::1], int32[::1], int64, int64, int64, int64, {sums}[::1], float64[:, ::1], int32[::1],"
        " float64, float64[::1], float64[::1], float64, float64, float64, float64, float64)"
        for sums in ("float32", "float64")
    ]
)
def _offer_tiles(
    best: Terms,
    where: Codes,
    kept: int,
    start: int,
    stop: int,
    step: int,
    common: Sums,
    tiles: NDArray[np.float64],
    names: Codes,
    gain: float,
    gains: Terms,
    others: Terms,
    factor: float,
    summand: float,
    slope: float,
    extra: float,
    least: float,
) -> int:
    """Keep what counts most of some tiles' columns and set them to zero; how many are kept.

    A column that cannot reach the worst one kept is passed over: of those that have less in common than the
    tile's best column would need nothing else is looked at. A little leeway is left for rounding.
    """
    for tile in range(start, stop, step):
        limit, good, its = 0.0, 0, common[tile * TILE : (tile + 1) * TILE]
        if kept == len(best):
            rise = (1.0 - best[0] * slope) * gain * tiles[tile, 0]
            if rise > 0.0:
                limit = best[0] * (1.0 - LEEWAY) * (tiles[tile, 1] * factor + summand + extra) / rise
        for place in range(TILE):
            good += its[place] > limit
        if good:
            for place in range(TILE):
                if its[place] > limit:
                    column = tile * TILE + place
                    dot = its[place] * gain * gains[column]
                    if dot > 0.0 and dot >= least:
                        value = dot / (others[column] * factor + summand + slope * dot + extra)
                        if value > 0.0:
                            kept = offer(best, where, kept, value, names[column])
        its[:] = 0.0
    return kept


@compiled(
    [
        "void(int64, int64, int32[::1], int32[::1], int32[::1], "
        f"{codes}[::1], int32[::1], int32[::1], {sums}[::1], float64[::1], float64[::1], float64[::1], boolean,"
        " float64, float64, float64, int32[:, ::1], float32[:, ::1], int64[::1])"
        for codes, sums in LISTS_AND_SUMS
    ]
)
def nearest(
    start: int,
    stop: int,
    of_column_starts: Starts,
    of_column: Codes,
    of_customer_starts: Starts,
    of_customer: AnyCodes,
    columns_of: Codes,
    names: Codes,
    weights: Sums,
    gains: Terms,
    own: Terms,
    others: Terms,
    multiplied: bool,
    slope: float,
    extra: float,
    least: float,
    columns: Codes,
    entries: NDArray[np.float32],
    counts: NDArray[np.int64],
) -> None:
    """Fill in the best other items of the items from `start` to `stop`, their entries, and how many there are.

    The log and the terms have the items in an order of their own, as columns: `columns_of` says which column
    an item is, `names` which item a column is. What two items have in common is d, the sum of the `weights`
    of their customers times both `gains`; it counts d / (own * others + slope * d + extra), with own + others
    where not `multiplied`. The item itself, d below `least` and what is not above zero count nothing. Of
    equal ones the first items are kept. Where few columns can have been reached, only their tiles are visited.
    """
    width, k = len(others), columns.shape[1]
    best, where, tiles = np.empty(k), np.empty(k, np.int32), _tiles(gains, others)
    common = np.zeros(len(tiles) * TILE, weights.dtype)
    for item in range(start, stop):
        mine = columns_of[item]
        work = _shared(mine, of_column_starts, of_column, of_customer_starts, of_customer, weights, common)
        factor, summand = (own[mine], 0.0) if multiplied else (1.0, own[mine])
        terms = (common, tiles, names, gains[mine], gains, others, factor, summand, slope, extra, least)
        few, kept, common[mine] = of_column_starts[mine + 1] - of_column_starts[mine] < FEW, 0, 0.0
        if work * TILE >= width:
            first, last, step = (len(tiles) - 1, -1, -1) if few else (0, len(tiles), 1)
            kept = _offer_tiles(best, where, kept, first, last, step, *terms)
        else:
            for entry in range(of_column_starts[mine], of_column_starts[mine + 1]):
                customer = np.uint32(of_column[entry])
                for place in range(of_customer_starts[customer], of_customer_starts[customer + 1]):
                    tile = of_customer[place] // TILE
                    kept = _offer_tiles(best, where, kept, tile, tile + 1, 1, *terms)
        counts[item - start] = kept
        columns[item - start, :kept] = where[:kept]
        entries[item - start, :kept] = best[:kept].astype(np.float32)


@compiled("void(int64, int64, int32[::1], int32[::1], int32[::1], int32[::1], float32[:, ::1])")
def together(
    start: int,
    stop: int,
    of_item_starts: Starts,
    of_item: Codes,
    of_customer_starts: Starts,
    of_customer: Codes,
    counts: NDArray[np.float32],
) -> None:
    """Count in rows `start` to `stop` of a table of zeros how many customers each item shares with each other."""
    for item in range(start, stop):
        row = counts[item]
        for entry in range(of_item_starts[item], of_item_starts[item + 1]):
            customer = np.uint32(of_item[entry])
            for place in range(of_customer_starts[customer], of_customer_starts[customer + 1]):
                row[np.uint32(of_customer[place])] += np.float32(1)


@compiled("void(int64, int64, int32[::1], float32[::1], int64, boolean[::1])")
def strongest(
    start: int, stop: int, starts: Starts, data: NDArray[np.float32], k: int, kept: NDArray[np.bool_]
) -> None:
    """Mark the k highest entries of each of these rows of a CSR; of equal ones the first."""
    best, where = np.empty(k), np.empty(k, np.int32)
    for row in range(start, stop):
        count = 0
        for place in range(starts[row], starts[row + 1]):
            count = offer(best, where, count, np.float64(data[place]), np.int32(place))
        for rank in range(count):
            kept[where[rank]] = True

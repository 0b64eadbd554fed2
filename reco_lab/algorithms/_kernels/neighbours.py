"""How items occur together, row by row: all of it, or the k that count most of each row without holding the rest.

The log is given twice, as the CSR of items x customers (`of_item...`) and of customers x items
(`of_customer...`). Columns are cast to unsigned numbers: that spares the check for negative indices.
"""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

TILE = 64

Starts = NDArray[np.int32]
Codes = NDArray[np.int32]
Terms = NDArray[np.float64]


@compiled("int64(float64[::1], int32[::1], int64, float64, int32)")
def _offer(values: Terms, columns: Codes, count: int, value: float, column: np.int32) -> int:
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


@compiled("int64(float64[::1], int32[::1], float64[::1])")
def _offer_all(values: Terms, columns: Codes, entries: Terms) -> int:
    """Keep the best of all entries above zero; how many there are. Tiles without one that is good enough are passed over."""
    count = 0
    for start in range(0, len(entries), TILE):
        tile = entries[start : start + TILE]
        bar = values[0] if count == len(values) else 0.0
        if tile.max() > bar:
            for place in range(len(tile)):
                if tile[place] > 0.0:
                    count = _offer(values, columns, count, tile[place], np.int32(start + place))
    return count


@compiled("int64(int64, int32[::1], int32[::1], int32[::1], int32[::1], float64[::1], float64[::1])")
def _shared(
    item: int,
    of_item_starts: Starts,
    of_item: Codes,
    of_customer_starts: Starts,
    of_customer: Codes,
    weights: Terms,
    common: Terms,
) -> int:
    """Add the weights of the customers that one item shares with each other; how many additions that took."""
    work = 0
    for entry in range(of_item_starts[item], of_item_starts[item + 1]):
        customer = np.uint32(of_item[entry])
        weight = weights[customer]
        work += of_customer_starts[customer + 1] - of_customer_starts[customer]
        for place in range(of_customer_starts[customer], of_customer_starts[customer + 1]):
            common[np.uint32(of_customer[place])] += weight
    return work


@compiled(
    "void(float64[::1], float64[::1], float64[::1], float64, float64, boolean, float64, float64, float64)"
)
def _count(
    common: Terms,
    gains: Terms,
    others: Terms,
    gain: float,
    own: float,
    multiplied: bool,
    slope: float,
    extra: float,
    least: float,
) -> None:
    """Turn what one item has in common with others into what that counts, zero where it counts nothing."""
    for column in range(len(common)):
        dot = common[column] * gain * gains[column]
        below = own * others[column] if multiplied else own + others[column]
        value = dot / (below + slope * dot + extra)
        common[column] = value if dot >= least and value > 0.0 else 0.0


@compiled(
    "void(int64, int64, int32[::1], int32[::1], int32[::1], int32[::1], float64[::1], float64[::1],"
    " float64[::1], float64[::1], boolean, float64, float64, float64, int32[:, ::1], float32[:, ::1], int64[::1])"
)
def nearest(
    start: int,
    stop: int,
    of_item_starts: Starts,
    of_item: Codes,
    of_customer_starts: Starts,
    of_customer: Codes,
    weights: Terms,
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
    """Fill in the best columns of the items from `start` to `stop`, their entries, and how many there are.

    What two items have in common is d, the sum of the `weights` of their customers times both `gains`; it
    counts d / (own * others + slope * d + extra), with own + others where not `multiplied`. The item itself,
    d below `least` and what is not above zero count nothing.
    """
    width, k = len(others), columns.shape[1]
    common = np.zeros(width)
    best, where = np.empty(k), np.empty(k, np.int32)
    for item in range(start, stop):
        begin, end = of_item_starts[item], of_item_starts[item + 1]
        work = _shared(item, of_item_starts, of_item, of_customer_starts, of_customer, weights, common)
        common[item] = 0.0
        terms = (gains[item], own[item], multiplied, slope, extra, least)
        if work >= width:
            _count(common, gains, others, *terms)
            kept = _offer_all(best, where, common)
            common[:] = 0.0
        else:
            kept = 0
            for entry in range(begin, end):
                customer = np.uint32(of_item[entry])
                for place in range(of_customer_starts[customer], of_customer_starts[customer + 1]):
                    column = np.uint32(of_customer[place])
                    one = common[column : column + 1]
                    if one[0] != 0.0:
                        _count(one, gains[column : column + 1], others[column : column + 1], *terms)
                        kept = _offer(best, where, kept, one[0], np.int32(column)) if one[0] > 0.0 else kept
                        one[0] = 0.0
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
            count = _offer(best, where, count, np.float64(data[place]), np.int32(place))
        for rank in range(count):
            kept[where[rank]] = True

"""Weighted sums of the rows of a table, a row of sums for each row of a CSR: the product that scoring is."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

TILE = 1024

Starts = NDArray[np.int32]
Codes = NDArray[np.int32]
Values = NDArray[np.float32]


@compiled("void(int32[::1], int32[::1], float32[::1], float32[:, ::1], float32[:, ::1])")
def of_dense(starts: Starts, codes: Codes, factors: Values, table: Values, sums: Values) -> None:
    """Add up rows of a table, so many columns at a time that they stay in a processor's cache.

    Four rows go at once, so that the sums are read and written only once for them.
    """
    for first in range(0, table.shape[1], TILE):
        last = min(first + TILE, table.shape[1])
        for row in range(len(starts) - 1):
            total = sums[row, first:last]
            place, end = starts[row], starts[row + 1]
            while place + 4 <= end:
                one, two = table[codes[place], first:last], table[codes[place + 1], first:last]
                three, four = table[codes[place + 2], first:last], table[codes[place + 3], first:last]
                w, x, y, z = factors[place], factors[place + 1], factors[place + 2], factors[place + 3]
                for column in range(last - first):
                    total[column] += (w * one[column] + x * two[column]) + (
                        y * three[column] + z * four[column]
                    )
                place += 4
            while place < end:
                one, w = table[codes[place], first:last], factors[place]
                for column in range(last - first):
                    total[column] += w * one[column]
                place += 1


@compiled("void(int32[::1], int32[::1], float32[::1], int32[::1], int32[::1], float32[::1], float32[:, ::1])")
def of_sparse(
    starts: Starts,
    codes: Codes,
    factors: Values,
    table_starts: Starts,
    table_codes: Codes,
    table_values: Values,
    sums: Values,
) -> None:
    """Add up rows of a CSR."""
    for row in range(len(starts) - 1):
        total = sums[row]
        for place in range(starts[row], starts[row + 1]):
            code, factor = codes[place], factors[place]
            for entry in range(table_starts[code], table_starts[code + 1]):
                total[np.uint32(table_codes[entry])] += factor * table_values[entry]


@compiled("void(int32[::1], int32[::1], int32[::1], float32[::1], float32[::1])", brief=True)
def of_one(
    history: Codes, table_starts: Starts, table_codes: Codes, table_values: Values, sums: Values
) -> None:
    """Add up the rows of a CSR that stand in one history, each once, in their order in the table."""
    before = -1
    for code in np.sort(history):
        if code != before:
            for entry in range(table_starts[code], table_starts[code + 1]):
                sums[np.uint32(table_codes[entry])] += table_values[entry]
        before = code


@compiled(
    "void(int32[::1], int32[::1], float32[:, ::1], float32[:, ::1], float32[::1])",
    fastmath=True,
)
def of_pairs(rows: Codes, columns: Codes, left: Values, right: Values, products: Values) -> None:
    """Multiply a row of one table by a row of another for each pair."""
    for pair in range(len(rows)):
        mine, its, product = left[rows[pair]], right[columns[pair]], np.float32(0)
        for k in range(len(mine)):
            product += mine[k] * its[k]
        products[pair] = product


@compiled("void(int32[::1], int32[::1], int32[::1], int32[::1], float32[::1], float32[:, ::1])")
def parts_of_one(
    history: Codes,
    columns: Codes,
    table_starts: Starts,
    table_codes: Codes,
    table_values: Values,
    parts: Values,
) -> None:
    """Fill in what each entry of one history adds to `of_one` in these columns: all of it at the first entry of an item."""
    added = np.zeros(len(table_starts) - 1, np.bool_)
    for row in range(len(history)):
        code = history[row]
        if added[code]:
            continue
        added[code] = True
        for column in range(len(columns)):
            first, last = table_starts[code], table_starts[code + 1]
            place = first + np.searchsorted(table_codes[first:last], columns[column])
            if place < last and table_codes[place] == columns[column]:
                parts[row, column] = table_values[place]


@compiled("void(int32[::1], int32[::1], int32[::1], int32[::1], float32[::1], int64[::1])", brief=True)
def loudest_of_one(
    history: Codes,
    columns: Codes,
    table_starts: Starts,
    table_codes: Codes,
    table_values: Values,
    rows: NDArray[np.intp],
) -> None:
    """Fill in which entry of one history adds most to `of_one` in each column, the first of equal ones; -1 for none."""
    for column in range(len(columns)):
        most, rows[column] = np.float32(0), -1
        for row in range(len(history)):
            first, last = table_starts[history[row]], table_starts[history[row] + 1]
            place = first + np.searchsorted(table_codes[first:last], columns[column])
            if place < last and table_codes[place] == columns[column] and table_values[place] > most:
                most, rows[column] = table_values[place], row

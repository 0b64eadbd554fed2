"""Weighted sums of the rows of a table, a row of sums for each row of a CSR: the product that scoring is."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

TILE, NEAR, A_BYTE = 1024, 128, 252

Starts = NDArray[np.int32]
Codes = NDArray[np.int32]
AnyCodes = NDArray[np.uint16] | NDArray[np.int32]
Values = NDArray[np.float32]


@compiled(
    "void(int32[::1], int32[::1], float32[::1], float32[:, ::1], float32[:, ::1], int64, int64, int32[::1])"
)
def _eights(
    starts: Starts,
    codes: Codes,
    factors: Values,
    table: Values,
    sums: Values,
    first: int,
    last: int,
    at: Codes,
) -> None:
    """Add the entries of each row in eights, in some columns, and note in `at` what comes after them."""
    at[:] = starts[:-1]
    for near in range(NEAR, len(table) + NEAR, NEAR):
        for row in range(len(at)):
            total = sums[row, first:last]
            place, end = at[row], starts[row + 1]
            while place + 8 <= end and codes[place + 7] < near:
                a, b = table[codes[place], first:last], table[codes[place + 1], first:last]
                c, d = table[codes[place + 2], first:last], table[codes[place + 3], first:last]
                e, f = table[codes[place + 4], first:last], table[codes[place + 5], first:last]
                g, h = table[codes[place + 6], first:last], table[codes[place + 7], first:last]
                s, t, u, v = factors[place], factors[place + 1], factors[place + 2], factors[place + 3]
                w, x, y, z = factors[place + 4], factors[place + 5], factors[place + 6], factors[place + 7]
                for column in range(last - first):
                    total[column] += (s * a[column] + t * b[column]) + (u * c[column] + v * d[column])
                    total[column] += (w * e[column] + x * f[column]) + (y * g[column] + z * h[column])
                place += 8
            at[row] = place


@compiled("void(int32[::1], int32[::1], float32[::1], float32[:, ::1], float32[:, ::1])")
def of_dense(starts: Starts, codes: Codes, factors: Values, table: Values, sums: Values) -> None:
    """Add up rows of a table, so many columns at a time that they stay in a processor's cache.

    Eight entries go at once, or four, so that the sums are read and written only once for them. All rows take
    their eights from one stretch of the table before any goes on to the next, which need not stay in the cache:
    where codes rise, as they do in histories, a row of the table is fetched once for all who add it.
    """
    at = np.empty(len(starts) - 1, np.int32)
    for first in range(0, table.shape[1], TILE):
        last = min(first + TILE, table.shape[1])
        _eights(starts, codes, factors, table, sums, first, last, at)
        for row in range(len(at)):
            total = sums[row, first:last]
            place, end = at[row], starts[row + 1]
            if place + 4 <= end:
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
            code, factor = np.uint32(codes[place]), factors[place]
            columns = table_codes[table_starts[code] : table_starts[code + 1]]
            values = table_values[table_starts[code] : table_starts[code + 1]]
            for entry in range(len(columns)):
                total[np.uint32(columns[entry])] += factor * values[entry]


@compiled("void(int32[::1], int32[::1], uint8[:, ::1], float32[:, ::1])")
def of_flags(starts: Starts, codes: Codes, table: NDArray[np.uint8], sums: Values) -> None:
    """Add up rows of a table of zeros and ones, in bytes for as many rows as fit in them, four at once."""
    for first in range(0, table.shape[1], 4 * TILE):
        last = min(first + 4 * TILE, table.shape[1])
        few = np.zeros(last - first, np.uint8)
        for row in range(len(starts) - 1):
            total, stop = sums[row, first:last], starts[row]
            while stop < starts[row + 1]:
                place, stop = stop, min(stop + A_BYTE, starts[row + 1])
                few[:] = 0
                while place + 4 <= stop:
                    one, two = table[codes[place], first:last], table[codes[place + 1], first:last]
                    three, four = table[codes[place + 2], first:last], table[codes[place + 3], first:last]
                    for column in range(len(few)):
                        few[column] += np.uint8((one[column] + two[column]) + (three[column] + four[column]))
                    place += 4
                while place < stop:
                    one = table[codes[place], first:last]
                    for column in range(len(few)):
                        few[column] += one[column]
                    place += 1
                for column in range(len(few)):
                    total[column] += few[column]


@compiled(
    [
        f"void(int32[::1], float32[::1], int32[::1], {codes}[::1], float32[::1])"
        for codes in ("uint16", "int32")
    ]
)
def add_marks(
    codes: Codes, factors: Values, table_starts: Starts, table_codes: AnyCodes, total: Values
) -> None:
    """Add up rows of a CSR whose entries are all 1."""
    for place in range(len(codes)):
        code, factor = np.uint32(codes[place]), factors[place]
        columns = table_codes[table_starts[code] : table_starts[code + 1]]
        for entry in range(len(columns)):
            total[np.uint32(columns[entry])] += factor


@compiled("void(int32[::1], int32[::1], float32[::1], int32[::1], int32[::1], float32[:, ::1])")
def of_marks(
    starts: Starts, codes: Codes, factors: Values, table_starts: Starts, table_codes: Codes, sums: Values
) -> None:
    """Add up rows of a CSR whose entries are all 1."""
    for row in range(len(starts) - 1):
        first, last = starts[row], starts[row + 1]
        add_marks(codes[first:last], factors[first:last], table_starts, table_codes, sums[row])


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

"""Sparse rows times a matrix, added up where the result is wanted: in a dense table."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.algorithms._kernels import compiled

Codes = NDArray[np.int32]
Numbers = NDArray[np.float32]

COLUMNS = 1024


@compiled("void(int32[::1], int32[::1], float32[::1], int32[::1], int32[::1], float32[::1], float32[:, ::1])")
def add_product(
    left_starts: Codes,
    left_columns: Codes,
    left_data: Numbers,
    right_starts: Codes,
    right_columns: Codes,
    right_data: Numbers,
    table: Numbers,
) -> None:
    """Add left times right to the table, entry by entry in the order of the left rows."""
    for row in range(len(table)):
        sums = table[row]
        for entry in range(left_starts[row], left_starts[row + 1]):
            weight, middle = left_data[entry], np.uint32(left_columns[entry])
            for place in range(right_starts[middle], right_starts[middle + 1]):
                sums[np.uint32(right_columns[place])] += weight * right_data[place]


@compiled("void(int32[::1], int32[::1], float32[::1], float32[:, ::1], float32[:, ::1])")
def add_rows(
    left_starts: Codes, left_columns: Codes, left_data: Numbers, right: Numbers, table: Numbers
) -> None:
    """Add left times an array to the table: four of its rows at a time, and only as many columns as stay in cache."""
    for start in range(0, right.shape[1], COLUMNS):
        stop = min(start + COLUMNS, right.shape[1])
        for row in range(len(table)):
            sums = table[row, start:stop]
            entry, last = left_starts[row], left_starts[row + 1]
            while entry + 4 <= last:
                a, first = left_data[entry], right[left_columns[entry], start:stop]
                b, second = left_data[entry + 1], right[left_columns[entry + 1], start:stop]
                c, third = left_data[entry + 2], right[left_columns[entry + 2], start:stop]
                d, fourth = left_data[entry + 3], right[left_columns[entry + 3], start:stop]
                for place in range(stop - start):
                    sums[place] += a * first[place] + b * second[place] + c * third[place] + d * fourth[place]
                entry += 4
            for rest in range(entry, last):
                for place in range(stop - start):
                    sums[place] += left_data[rest] * right[left_columns[rest], start + place]

"""How items occur together, pairs that lie close in time counting more."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.algorithms._kernels.neighbours import offer
from reco_lab.core.compiled import compiled

Codes = NDArray[np.int32]
Days = NDArray[np.float32]


@compiled(
    "void(int64, int64, int32[::1], int32[::1], float32[::1], int32[::1], int32[::1], float32[::1],"
    " float32, float64[::1], float64, int32[:, ::1], float32[:, ::1], int64[::1])"
)
def nearest(
    start: int,
    stop: int,
    of_item_starts: Codes,
    of_item: Codes,
    of_item_days: Days,
    of_customer_starts: Codes,
    of_customer: Codes,
    of_customer_days: Days,
    rate: np.float32,
    sizes: NDArray[np.float64],
    extra: float,
    columns: Codes,
    entries: NDArray[np.float32],
    counts: NDArray[np.int64],
) -> None:
    """Fill in the best columns of the items from `start` to `stop`, their entries, and how many there are.

    A customer who has both items counts 2^(-rate * days between them); an entry is the sum of those over the
    product of both `sizes` plus `extra`. The log is given by item and by customer, with the day of each pair.
    """
    width, k = len(sizes), columns.shape[1]
    common = np.zeros(width)
    best, where = np.empty(k), np.empty(k, np.int32)
    for item in range(start, stop):
        common[:] = 0.0
        for entry in range(of_item_starts[item], of_item_starts[item + 1]):
            customer, day = np.uint32(of_item[entry]), of_item_days[entry]
            for place in range(of_customer_starts[customer], of_customer_starts[customer + 1]):
                apart = abs(of_customer_days[place] - day)
                common[np.uint32(of_customer[place])] += np.exp2(-rate * apart)
        common[item] = 0.0
        kept = 0
        for column in range(width):
            if common[column] > 0.0:
                value = common[column] / (sizes[item] * sizes[column] + extra)
                kept = offer(best, where, kept, value, np.int32(column))
        counts[item - start] = kept
        columns[item - start, :kept] = where[:kept]
        entries[item - start, :kept] = best[:kept].astype(np.float32)

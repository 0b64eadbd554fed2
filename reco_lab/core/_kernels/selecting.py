"""The k-th highest of many numbers without sorting them."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

TILE, LANES = 32, 4
INFINITE, TURNED = 0x7F800000, 0x7FFFFFFF

Values = NDArray[np.float32]


@compiled("float32(float32[::1], int64, int64)")
def kth(values: Values, count: int, k: int) -> np.float32:
    """The k-th highest of the first `count` values.

    Halves the range of numbers that it may be, by how many values are above the middle: a float as bits, those of
    negative ones turned around, is a whole number in the same order.
    """
    bits = np.empty(1, np.int32)
    middle = bits.view(np.float32)
    low, high = -INFINITE - 1, INFINITE
    while low < high:
        half = low + ((high - low + 1) >> 1)
        bits[0] = half if half >= 0 else half ^ TURNED
        level, above = middle[0], np.int32(0)
        for place in range(count):
            above += np.int32(values[place] >= level)
        if above >= k:
            low = half
        else:
            high = half - 1
    bits[0] = low if low >= 0 else low ^ TURNED
    return np.float32(middle[0])


@compiled("float32(float32[::1], float32[::1], int64)")
def lower(values: Values, lanes: Values, k: int) -> np.float32:
    """What the k-th highest value is not below: the k-th highest of each lane's highest.

    Value i is in lane i modulo the number of lanes; minus infinity where there are fewer than k lanes.
    """
    count = len(lanes)
    if k > count:
        return np.float32(-np.inf)
    lanes[:] = -np.inf
    for first in range(0, len(values), count):
        part = values[first : first + count]
        for lane in range(len(part)):
            lanes[lane] = max(lanes[lane], part[lane])
    return kth(lanes, count, k)


@compiled("void(float32[:, ::1], int64, float32[::1])")
def bars(scores: Values, k: int, found: Values) -> None:
    """Fill in the k-th highest of each row; minus infinity where fewer are above that.

    A tile of columns without anything that may be among them is passed over.
    """
    width = scores.shape[1]
    room, lanes = np.empty(width, np.float32), np.empty(LANES * k, np.float32)
    for row in range(len(scores)):
        mine, count = scores[row], 0
        least = lower(mine, lanes, k)
        for first in range(0, width, TILE):
            tile, good = mine[first : first + TILE], 0
            for place in range(len(tile)):
                good += tile[place] >= least
            if good:
                for place in range(len(tile)):
                    if tile[place] >= least:
                        room[count] = tile[place]
                        count += 1
        found[row] = kth(room, count, k) if count >= k else np.float32(-np.inf)

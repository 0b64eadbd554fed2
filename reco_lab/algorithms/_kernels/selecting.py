"""The k-th highest of many numbers without sorting them: what is above it is kept, in any order."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

TILE, LANES = 32, 4

Values = NDArray[np.float32]


@compiled("float32(float32[::1], int64, int64)")
def kth(values: Values, count: int, k: int) -> np.float32:
    """Bring the k highest of the first `count` values to the front, and the lowest of those is returned."""
    low, high, wanted = 0, count - 1, k - 1
    while low < high:
        middle, left, right = values[(low + high) >> 1], low, high
        while left <= right:
            while values[left] > middle:
                left += 1
            while values[right] < middle:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            break
    lowest: np.float32 = values[wanted]
    return lowest


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
        for lane in range(min(count, len(values) - first)):
            lanes[lane] = max(lanes[lane], values[first + lane])
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
            last, good = min(first + TILE, width), 0
            for column in range(first, last):
                good += mine[column] >= least
            if good:
                for column in range(first, last):
                    if mine[column] >= least:
                        room[count] = mine[column]
                        count += 1
        found[row] = kth(room, count, k) if count >= k else np.float32(-np.inf)

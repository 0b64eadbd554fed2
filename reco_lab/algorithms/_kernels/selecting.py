"""The k-th highest of many numbers without sorting them: what is above it is kept, in any order."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

TILE = 64

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


@compiled("void(float32[:, ::1], int64, float32[::1])")
def bars(scores: Values, k: int, found: Values) -> None:
    """Fill in the k-th highest of each row; minus infinity where fewer are above that.

    A tile of columns without anything above the lowest bar that is known so far is passed over.
    """
    room, width = np.empty(2 * k, np.float32), scores.shape[1]
    for row in range(len(scores)):
        mine, count, bar = scores[row], 0, np.float32(-np.inf)
        for start in range(0, width, TILE):
            end = min(start + TILE, width)
            good = 0
            for column in range(start, end):
                good += mine[column] > bar
            if not good:
                continue
            for column in range(start, end):
                if mine[column] > bar:
                    room[count] = mine[column]
                    count += 1
                    if count == len(room):
                        bar, count = kth(room, count, k), k
        found[row] = kth(room, count, k) if count >= k else np.float32(-np.inf)

"""The best places of each row of scores."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core._kernels.selecting import LANES, lower
from reco_lab.core.compiled import compiled

TILE = 64


@compiled("void(float32[:, ::1], int32[:, ::1], float32[:, ::1])")
def best(scores: NDArray[np.float32], items: NDArray[np.int32], values: NDArray[np.float32]) -> None:
    """Fill in the highest scores of each row and their columns, best first, equal scores by column.

    `items` comes filled with what stands for no item and `values` with minus infinity, which no score of minus
    infinity replaces. A tile of columns without a score that is high enough for the list is passed over at once.
    """
    k, width = items.shape[1], scores.shape[1]
    lanes, nothing = np.empty(LANES * k, np.float32), np.float32(-np.inf)
    for row in range(len(scores)):
        mine, found, level = scores[row], items[row], values[row]
        bar = np.nextafter(lower(mine, lanes, k), nothing)
        for start in range(0, width, TILE):
            tile, good = mine[start : start + TILE], 0
            for place in range(len(tile)):
                good += tile[place] > bar
            if not good:
                continue
            for column in range(start, start + len(tile)):
                score = mine[column]
                if score > bar:
                    place = k - 1
                    while place > 0 and level[place - 1] < score:
                        level[place], found[place] = level[place - 1], found[place - 1]
                        place -= 1
                    level[place], found[place] = score, column
                    bar = max(bar, level[k - 1])

"""Scores of each customer brought to a mean of 0 and a spread of 1."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

LANES = 8

Values = NDArray[np.float32]
Scale = NDArray[np.float64]


@compiled("void(float32[:, ::1], float64[::1], float64[::1], float32[::1])")
def measure(scores: Values, middles: Scale, spreads: Scale, sizes: Values) -> None:
    """Fill in each row's mean, its spread, and how far from zero it gets; sums run in lanes side by side."""
    width = scores.shape[1]
    even = width // LANES * LANES
    sums = np.empty(LANES)
    for row in range(len(scores)):
        mine = scores[row]
        sums[:], size = 0.0, np.float32(0)
        for first in range(0, even, LANES):
            for lane in range(LANES):
                sums[lane] += mine[first + lane]
        rest = 0.0
        for column in range(even, width):
            rest += mine[column]
        middle = (sums.sum() + rest) / width
        sums[:], rest = 0.0, 0.0
        for first in range(0, even, LANES):
            for lane in range(LANES):
                apart = mine[first + lane] - middle
                sums[lane] += apart * apart
        for column in range(even, width):
            rest += (mine[column] - middle) ** 2
        for column in range(width):
            size = max(size, abs(mine[column]))
        middles[row], spreads[row], sizes[row] = middle, np.sqrt((sums.sum() + rest) / width), size


@compiled("void(float32[:, ::1], float64[::1], float64[::1], float32[:, ::1])")
def standardise(scores: Values, middles: Scale, spreads: Scale, found: Values) -> None:
    """Fill in how many spreads each score is from its row's middle; a row without a spread is passed over."""
    for row in range(len(scores)):
        mine, own, middle, spread = scores[row], found[row], middles[row], spreads[row]
        if spread > 0:
            for column in range(len(mine)):
                own[column] = (mine[column] - middle) / spread

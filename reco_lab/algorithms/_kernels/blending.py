"""Scores of each customer brought to a mean of 0 and a spread of 1."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

LANES = 64

Values = NDArray[np.float32]
Scale = NDArray[np.float64]


@compiled("void(float32[:, ::1], float64[::1], float64[::1], float32[::1])")
def measure(scores: Values, middles: Scale, spreads: Scale, sizes: Values) -> None:
    """Fill in each row's mean, its spread, and how far from zero it gets; lanes run side by side."""
    width = scores.shape[1]
    even = width // LANES * LANES
    sums, tops = np.empty(LANES), np.empty(LANES, np.float32)
    for row in range(len(scores)):
        mine = scores[row]
        sums[:], tops[:] = 0.0, 0.0
        for first in range(0, even, LANES):
            for lane in range(LANES):
                sums[lane] += mine[first + lane]
                tops[lane] = max(tops[lane], abs(mine[first + lane]))
        rest, size = 0.0, tops.max()
        for column in range(even, width):
            rest += mine[column]
            size = max(size, abs(mine[column]))
        middle = (sums.sum() + rest) / width
        sums[:], rest = 0.0, 0.0
        for first in range(0, even, LANES):
            for lane in range(LANES):
                apart = mine[first + lane] - middle
                sums[lane] += apart * apart
        for column in range(even, width):
            rest += (mine[column] - middle) ** 2
        middles[row], spreads[row], sizes[row] = middle, np.sqrt((sums.sum() + rest) / width), size


@compiled("void(float32[:, ::1], float64[::1], float64[::1])")
def standardise(scores: Values, middles: Scale, spreads: Scale) -> None:
    """Replace each score by how many spreads it is from its row's middle; a row without a spread by zeros."""
    for row in range(len(scores)):
        mine, middle, spread = scores[row], middles[row], spreads[row]
        if spread > 0:
            for column in range(len(mine)):
                mine[column] = (mine[column] - middle) / spread
        else:
            mine[:] = 0.0


@compiled("UniTuple(float32, 2)(float32[::1], float32[::1], float32)")
def _reach(scores: Values, judged: Values, bar: np.float32) -> tuple[np.float32, np.float32]:
    """The lowest of the scores where what is judged is not below the bar, and how far apart they are; infinity for 0."""
    low, high = np.float32(np.inf), np.float32(-np.inf)
    for column in range(len(scores)):
        inside = judged[column] >= bar
        low = min(low, scores[column] if inside else np.float32(np.inf))
        high = max(high, scores[column] if inside else np.float32(-np.inf))
    return low, high - low if high > low else np.float32(np.inf)


@compiled("void(float32[:, ::1], float32[:, ::1], float32[::1], float64[::1], float64)")
def put_in_order(first: Values, second: Values, bars: Values, weights: Scale, ahead: float) -> None:
    """Replace two parts' scores by what each says where the first picks what is not below its bar.

    There both reach from 0 to 1, times 1 less the weight and times the weight, and the first's stands `ahead`;
    elsewhere the first reaches from 0 to 1 and the second says nothing.
    """
    for row in range(len(first)):
        mine, yours, bar, weight = first[row], second[row], bars[row], weights[row]
        low, spread = _reach(mine, mine, np.float32(-np.inf))
        base, width = _reach(mine, mine, bar)
        other, reach = _reach(yours, mine, bar)
        for column in range(len(mine)):
            score, inside = mine[column], mine[column] >= bar
            picked = np.float32(ahead + (1.0 - weight) * ((score - base) / width))
            mine[column] = picked if inside else (score - low) / spread
            yours[column] = np.float32(weight * ((yours[column] - other) / reach)) if inside else 0.0

"""How the promoted item of each ad stands among those of all ads."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

NEUTRAL = 0.5


@compiled("void(float32[::1], int32[::1], float64[::1], float64[::1])")
def standing(
    items: NDArray[np.float32],
    promoted: NDArray[np.int32],
    factors: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> None:
    """Fill in each ad's factor times its relevance: its item's score standardised over the ads, squeezed into 0 to 1.

    An ad of no item, or of one beyond `items`, is neutral.
    """
    count, total, squares = 0, 0.0, 0.0
    known = len(items)
    for place in range(len(promoted)):
        item = promoted[place]
        if 0 <= item < known:
            value = np.float64(items[item])
            count, total, squares = count + 1, total + value, squares + value * value
    middle = total / max(count, 1)
    spread = np.sqrt(max(squares / max(count, 1) - middle * middle, 0.0))
    for place in range(len(promoted)):
        item = promoted[place]
        relevance = NEUTRAL
        if 0 <= item < known and spread > 0:
            above = (items[item] - middle) / spread
            relevance = NEUTRAL + NEUTRAL * above / (1 + abs(above))
        scores[place] = factors[place] * relevance

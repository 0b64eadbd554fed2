"""How the promoted item of each ad stands among those of all ads."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

NEUTRAL = 0.5


@compiled("void(float32[::1], int32[::1], float64[::1], float64[::1])", brief=True)
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
    known = np.uint32(len(items))
    for place in range(len(promoted)):
        item = np.uint32(promoted[place])  # no item becomes a number beyond all
        if item < known:
            value = np.float64(items[item])
            count, total, squares = count + 1, total + value, squares + value * value
    middle = total / max(count, 1)
    spread = np.sqrt(max(squares / max(count, 1) - middle * middle, 0.0))
    if spread <= 0:
        scores[:] = factors * NEUTRAL
        return
    for place in range(len(promoted)):
        item = np.uint32(promoted[place])
        above = items[item] - middle if item < known else 0.0
        scores[place] = factors[place] * (NEUTRAL + NEUTRAL * above / (spread + abs(above)))


@compiled("int64(boolean[::1], boolean[::1], float64[::1], int64[::1], float32[::1])", brief=True)
def narrowed(
    allowed: NDArray[np.bool_],
    house: NDArray[np.bool_],
    scores: NDArray[np.float64],
    places: NDArray[np.int64],
    values: NDArray[np.float32],
) -> int:
    """Fill in the places of the allowed ads that are not the shop's own, with their scores; how many these are."""
    count = 0
    for place in range(len(allowed)):
        places[count], values[count] = place, scores[place]
        count += allowed[place] and not house[place]
    return count

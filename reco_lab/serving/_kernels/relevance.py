"""Whether scores are numbers, which ads are left to choose among, and how what they promote stands among all."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

NEUTRAL = 0.5
# of a float32 that is no finite number all bits of the exponent are set, so that one more carries into the sign
EXPONENT, ONE_MORE, SIGN = np.uint32(0x7F80_0000), np.uint32(0x0080_0000), np.uint32(0x8000_0000)


@compiled("boolean(float32[::1])", brief=True)
def finite(scores: NDArray[np.float32]) -> bool:
    """Whether all are finite numbers."""
    bits, seen = scores.view(np.uint32), np.uint32(0)
    for place in range(len(bits)):
        seen |= np.uint32((bits[place] & EXPONENT) + ONE_MORE)
    return bool(seen < SIGN)


@compiled("Tuple((float64, float64))(float32[::1], float32[::1])", fastmath=True, brief=True)
def moments(items: NDArray[np.float32], weights: NDArray[np.float32]) -> tuple[float, float]:
    """The weighted mean of scores, and how far they lie from it."""
    count, total, squares = 0.0, 0.0, 0.0
    for item in range(len(items)):
        weight, value = np.float64(weights[item]), np.float64(items[item])
        count += weight
        total += weight * value
        squares += weight * value * value
    middle = total / max(count, 1.0)
    return middle, np.sqrt(max(squares / max(count, 1.0) - middle * middle, 0.0))


@compiled("void(float32[::1], float32[::1], int32[::1], float32[::1], int32[::1], float32[::1])", brief=True)
def standing(
    items: NDArray[np.float32],
    weights: NDArray[np.float32],
    promoted: NDArray[np.int32],
    factors: NDArray[np.float32],
    places: NDArray[np.int32],
    scores: NDArray[np.float32],
) -> None:
    """Fill in the factor times the relevance of the ads in some places.

    That is their item's score standardised over all ads, squeezed into 0 to 1. `weights` says how many ads promote each
    item. The place behind the items stands for none, which is neutral.
    """
    found = moments(items, weights)
    middle, spread, half = np.float32(found[0]), np.float32(found[1]), np.float32(NEUTRAL)
    relevance = np.full(len(items) + 1, half)
    if spread > 0:
        for item in range(len(items)):
            above = items[item] - middle
            relevance[item] = half + half * above / (spread + abs(above))
    for one in range(len(places)):
        place = np.uint32(places[one])
        scores[one] = factors[place] * relevance[np.uint32(promoted[place])]


@compiled("int64(int32[::1], int32[::1], int32[::1])", brief=True)
def narrowed(regular: NDArray[np.int32], gone: NDArray[np.int32], places: NDArray[np.int32]) -> int:
    """Fill in the regular places but those gone (both in order); how many these are."""
    count, begin = 0, 0
    for one in range(len(gone)):
        end = np.searchsorted(regular, gone[one])
        places[count : count + end - begin] = regular[begin:end]
        count += end - begin
        begin = end + 1 if end < len(regular) and regular[end] == gone[one] else end
    places[count : count + len(regular) - begin] = regular[begin:]
    return count + len(regular) - begin

"""Whether scores are numbers, how what an ad promotes stands among all, and which ads are left to choose among."""

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


@compiled("void(float32[::1], float32[::1], int32[::1], float32[::1], float32[::1])", brief=True)
def standing(
    items: NDArray[np.float32],
    weights: NDArray[np.float32],
    promoted: NDArray[np.int32],
    factors: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> None:
    """Fill in each ad's factor times its relevance: its item's score standardised over the ads, squeezed into 0 to 1.

    `weights` says how many ads promote each item. The place behind the items stands for none, which is neutral.
    """
    found = moments(items, weights)
    middle, spread, half = np.float32(found[0]), np.float32(found[1]), np.float32(NEUTRAL)
    relevance = np.full(len(items) + 1, half)
    if spread > 0:
        for item in range(len(items)):
            above = items[item] - middle
            relevance[item] = half + half * above / (spread + abs(above))
    for place in range(len(promoted)):
        scores[place] = factors[place] * relevance[np.uint32(promoted[place])]


@compiled("int64(int32[::1], int32[::1], float32[::1], int32[::1], float32[::1])", brief=True)
def narrowed(
    regular: NDArray[np.int32],
    gone: NDArray[np.int32],
    scores: NDArray[np.float32],
    places: NDArray[np.int32],
    values: NDArray[np.float32],
) -> int:
    """Fill in the regular places but those gone (both in order), with their scores; how many these are."""
    count, begin = 0, 0
    for one in range(len(gone) + 1):
        end = np.searchsorted(regular, gone[one]) if one < len(gone) else len(regular)
        kept, into, found = regular[begin:end], places[count : count + end - begin], values[count:]
        for place in range(len(kept)):
            into[place] = kept[place]
            found[place] = scores[np.uint32(kept[place])]
        count += end - begin
        begin = end + 1 if one < len(gone) and end < len(regular) and regular[end] == gone[one] else end
    return count

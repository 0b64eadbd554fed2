"""Numbers drawn in compiled loops, and the small sums beside them."""

from typing import Any

import numpy as np

from reco_lab.core.compiled import compiled


@compiled("uint64(uint64)")
def follow(state: Any) -> Any:
    """Give the next state of the generator xorshift64 (Marsaglia: Xorshift RNGs, JSS 2003)."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    return state ^ (state << np.uint64(17))


@compiled("int64(uint64, int64)")
def drawn(state: Any, count: Any) -> Any:
    """Give a number below `count` from the upper half of a generator's state."""
    return np.int64(((state >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))


@compiled("boolean(int32[::1], int64, int64, int64)")
def holds(indices: Any, low: Any, high: Any, wanted: Any) -> Any:
    """Look up whether the sorted `indices[low:high]` hold this number."""
    end = high
    while low < high:
        middle = (low + high) >> 1
        if indices[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low < end and indices[low] == wanted


@compiled("float32(float32[::1], float32[::1])", fastmath=True)
def dot(one: Any, other: Any) -> Any:
    """Multiply two vectors."""
    total = np.float32(0)
    for k in range(len(one)):
        total += one[k] * other[k]
    return total

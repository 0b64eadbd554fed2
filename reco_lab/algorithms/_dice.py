"""Numbers that look random and are a function of seed, customer and item."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.recommender import Codes

Hashes = NDArray[np.uint64]


def throws(seed: int, customers: Codes, items: Codes) -> Hashes:
    """64 bits for each customer and item: customers x items."""
    mixed = _mix(_mix(seed) + customers.astype(np.uint64))
    return _mix(mixed[:, None] + items.astype(np.uint64))


def _mix(numbers: Hashes | int) -> Hashes:
    """SplitMix64: spreads whole numbers over 64 bits."""
    bits = np.atleast_1d(np.asarray(numbers, np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(30)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(27)
    bits *= np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return bits

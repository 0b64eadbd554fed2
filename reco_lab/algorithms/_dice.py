"""Numbers that look random and are a function of seed, customer and item."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.recommender import Codes

Hashes = NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def throws(seed: int, customers: Codes, items: Codes) -> Hashes:
    """64 bits for each customer and item: customers x items."""
    mixed = mix(mix(seed) + customers.astype(np.uint64))
    return mix(mixed[:, None] + items.astype(np.uint64))


def mix(numbers: Hashes | int) -> Hashes:
    """Spread whole numbers over 64 bits: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    bits = np.atleast_1d(np.asarray(numbers, np.uint64)) + GOLDEN
    bits ^= bits >> np.uint64(30)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(27)
    bits *= np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return bits

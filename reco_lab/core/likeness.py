"""How alike items are, by who touched them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

MOST_HELD = 4096


@dataclass(frozen=True, eq=False)
class Likeness:
    """The likeness of any items of a catalogue; `touched` is customers x items. Of a small one all pairs are held."""

    touched: sparse.csc_matrix

    @property
    def small(self) -> bool:
        """Whether all pairs are held."""
        return int(self.touched.shape[1]) <= MOST_HELD

    def among(self, items: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Cosines of these items at least (see `cosines`), and by item code where it stands in them; negative codes are none."""
        if self.small:
            return self._all
        places = np.zeros(self.touched.shape[1], np.int32)
        codes = np.unique(items[items >= 0]).astype(np.int32)
        places[codes] = np.arange(len(codes))
        return np.ascontiguousarray(cosines(self.touched, codes)), places

    @cached_property
    def _all(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        every = np.arange(self.touched.shape[1], dtype=np.int32)
        return np.ascontiguousarray(cosines(self.touched, every)), every


def cosines(touched: sparse.csc_matrix, codes: NDArray[np.int32]) -> NDArray[np.float32]:
    """The cosines of these items' columns of customers x items, dense codes x codes; 0 with a negative code.

    The cosine of two items is customers who touched both / root of the product of those who touched each; an item
    nobody touched is like no other.
    """
    some = touched[:, np.maximum(codes, 0)]
    both = (some.T @ some).toarray()
    known = np.where(codes < 0, 0, np.diagonal(both))
    scale = np.divide(1, np.sqrt(known), out=np.zeros(len(codes), np.float32), where=known > 0)
    alike: NDArray[np.float32] = (both * scale[:, None] * scale).astype(np.float32)
    return alike

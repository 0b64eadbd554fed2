"""How alike items are, by who touched them."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


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

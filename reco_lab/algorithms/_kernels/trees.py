"""What boosted trees say of many rows: all rows of a block go down a tree together."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

ROWS = 256

Values = NDArray[np.float32]


@compiled("void(float32[:, :, ::1], float32[:, ::1], float32[::1])")
def add_leaves(trees: Values, features: Values, sums: Values) -> None:
    """Add up the leaves that each row ends in, tree by tree: features x rows.

    A tree is evaluated from its last node to its first, a node after those below it: each takes over, row by
    row, what one of the two below it says.
    """
    count = trees.shape[1]
    said = np.empty((count, ROWS), np.float32)
    for first in range(0, len(sums), ROWS):
        size = min(ROWS, len(sums) - first)
        total = sums[first : first + size]
        for tree in trees:
            for node in range(count - 1, -1, -1):
                own, left, right = said[node], np.uint32(tree[node, 2]), np.uint32(tree[node, 3])
                if left == node:
                    own[:] = tree[node, 4]
                else:
                    looked_at, bar = features[np.uint32(tree[node, 0]), first : first + size], tree[node, 1]
                    low, high = said[left], said[right]
                    for row in range(size):
                        one, other = low[row], high[row]
                        own[row] = one if looked_at[row] <= bar else other
            for row in range(size):
                total[row] += said[0, row]

"""Vectors that are sums of their features' vectors, learnt by comparisons.

A side, customers or items, is who has which feature how strongly (pointers, features, weights), the features'
vectors, and the sums of squares of their steps.
"""

from typing import Any

import numpy as np

from reco_lab.algorithms._kernels.drawing import dot, drawn, follow, holds
from reco_lab.core.compiled import compiled

SIDE = "Tuple((int32[::1], int32[::1], float32[::1], float32[:,::1], float32[:,::1]))"
CODES = "int32[::1]"


@compiled(f"void({SIDE}, int64, float32[::1])", fastmath=True)
def add_up(side: Any, row: Any, total: Any) -> None:
    """Write the weighted sum of the vectors of one row's features into `total`."""
    pointers, features, weights, vectors, _ = side
    total[:] = 0
    for place in range(pointers[row], pointers[row + 1]):
        one, weight = vectors[features[place]], weights[place]
        for k in range(len(total)):
            total[k] += weight * one[k]


@compiled(f"void({SIDE}, int64, float32[::1], float32, float32, float32)", fastmath=True)
def move(side: Any, row: Any, pull: Any, force: Any, rate: Any, decay: Any) -> None:
    """Move the vectors of one row's features along `force * pull`; what has moved much moves less (Adagrad)."""
    pointers, features, weights, vectors, squares = side
    for place in range(pointers[row], pointers[row + 1]):
        one, past, weight = vectors[features[place]], squares[features[place]], force * weights[place]
        for k in range(len(pull)):
            slope = weight * pull[k] - decay * one[k]
            past[k] += slope * slope
            one[k] += rate * slope / np.sqrt(past[k])


@compiled(
    f"void({SIDE}, {SIDE}, {CODES}, {CODES}, {CODES}, {CODES}, {CODES}, uint64, int64, boolean, float32, float32)",
    fastmath=True,
)
def descend(
    users: Any, items: Any, owners: Any, liked: Any, pool: Any, indptr: Any, indices: Any,
    state: Any, draws: Any, ranks: Any, rate: Any, decay: Any,
) -> None:  # fmt: skip
    """Take a step for each pair of `owners` and `liked` in its order.

    The last number of a vector is the bias: of customers it stays 1. With `ranks` items are drawn until one
    comes within 1 of the liked one, and the step is the larger the sooner that happens (WARP); else the first
    one drawn that the customer never touched is the other side, and the step is that of BPR.
    """
    width = users[3].shape[1]
    p, x, y = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    for row in range(len(owners)):
        user, item = np.int64(owners[row]), np.int64(liked[row])
        add_up(users, user, p)
        add_up(items, item, x)
        p[width - 1] = 1
        score, force, other = dot(p, x), np.float32(0), np.int64(-1)
        for draw in range(draws):
            state = follow(state)
            other = np.int64(pool[drawn(state, len(pool))])
            if holds(indices, indptr[user], indptr[user + 1], other):
                continue
            add_up(items, other, y)
            ahead = score - dot(p, y)
            if not ranks:
                force = np.float32(1) / (np.float32(1) + np.exp(ahead))
                break
            if ahead < 1:
                force = np.float32(np.log(max(1.0, (len(pool) - 1) // (draw + 1))))
                break
        if force == 0:
            continue
        for k in range(width - 1):
            x[k] -= y[k]
        x[width - 1] = 0
        move(users, user, x, force, rate, decay)
        move(items, item, p, force, rate, decay)
        move(items, other, p, -force, rate, decay)

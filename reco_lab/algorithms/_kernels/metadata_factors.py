"""Vectors that are sums of their features' vectors, learnt by comparisons."""

from typing import Any

import numpy as np

from reco_lab.algorithms._kernels.drawing import dot, drawn, follow, holds
from reco_lab.core.compiled import compiled

LISTS = "int32[::1], int32[::1], float32[::1]"
TABLES = "float32[:,::1], float32[:,::1]"


@compiled(f"void({LISTS}, float32[:,::1], int64, float32[::1])", fastmath=True)
def add_up(ptr: Any, features: Any, weights: Any, vectors: Any, row: Any, total: Any) -> None:
    """Write the weighted sum of the vectors of one row's features into `total`."""
    total[:] = 0
    for place in range(ptr[row], ptr[row + 1]):
        one, weight = vectors[features[place]], weights[place]
        for k in range(len(total)):
            total[k] += weight * one[k]


@compiled(f"void({LISTS}, {TABLES}, int64, float32[::1], float32, float32, float32)", fastmath=True)
def move(
    ptr: Any,
    features: Any,
    weights: Any,
    vectors: Any,
    squares: Any,
    row: Any,
    pull: Any,
    force: Any,
    rate: Any,
    decay: Any,
) -> None:
    """Move the vectors of one row's features along `force * pull`; what has moved much moves less (Adagrad)."""
    for place in range(ptr[row], ptr[row + 1]):
        one, past, weight = vectors[features[place]], squares[features[place]], force * weights[place]
        for k in range(len(pull)):
            slope = weight * pull[k] - decay * one[k]
            past[k] += slope * slope
            one[k] += rate * slope / np.sqrt(past[k])


@compiled(
    f"void({LISTS}, {TABLES}, {LISTS}, {TABLES}, int32[::1], int32[::1], int32[::1], int32[::1], int32[::1],"
    " uint64, int64, boolean, float32, float32)",
    fastmath=True,
)
def descend(
    user_ptr: Any,
    user_features: Any,
    user_weights: Any,
    users: Any,
    user_squares: Any,
    item_ptr: Any,
    item_features: Any,
    item_weights: Any,
    items: Any,
    item_squares: Any,
    owners: Any,
    liked: Any,
    pool: Any,
    indptr: Any,
    indices: Any,
    state: Any,
    draws: Any,
    ranks: Any,
    rate: Any,
    decay: Any,
) -> None:
    """Take a step for each pair of `owners` and `liked` in its order.

    The last number of a vector is the bias: of customers it stays 1. With `ranks` items are drawn until one
    comes within 1 of the liked one, and the step is the larger the sooner that happens (WARP); else the first
    one drawn that the customer never touched is the other side, and the step is that of BPR.
    """
    width = users.shape[1]
    p, x, y = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    apart = np.empty(width, np.float32)
    for row in range(len(owners)):
        user, item = np.int64(owners[row]), np.int64(liked[row])
        add_up(user_ptr, user_features, user_weights, users, user, p)
        add_up(item_ptr, item_features, item_weights, items, item, x)
        p[width - 1] = 1
        score, force, other = dot(p, x), np.float32(0), np.int64(-1)
        for draw in range(draws):
            state = follow(state)
            other = np.int64(pool[drawn(state, len(pool))])
            if holds(indices, indptr[user], indptr[user + 1], other):
                continue
            add_up(item_ptr, item_features, item_weights, items, other, y)
            ahead = score - dot(p, y)
            if not ranks:
                force = np.float32(1) / (np.float32(1) + np.exp(ahead))
                break
            if ahead < 1:
                force = np.float32(np.log(max(1.0, (len(pool) - 1) // (draw + 1))))
                break
        if force == 0:
            continue
        for k in range(width):
            apart[k] = x[k] - y[k]
        apart[width - 1] = 0
        move(user_ptr, user_features, user_weights, users, user_squares, user, apart, force, rate, decay)
        move(item_ptr, item_features, item_weights, items, item_squares, item, p, force, rate, decay)
        move(item_ptr, item_features, item_weights, items, item_squares, other, p, -force, rate, decay)

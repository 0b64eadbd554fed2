"""Biased matrix factorisation of ratings by stochastic gradient descent, a rating at a time.

A step and the product that the next step begins with go through the vectors together: half the way.
"""

from typing import Any

import numpy as np

from reco_lab.core.compiled import compiled


@compiled(
    "void(int32[::1], int32[::1], float32[::1], float32[::1], float32[::1], float32[:,::1], float32[:,::1],"
    " float32, float32)",
    fastmath=True,
)
def descend(
    users: Any, items: Any, above: Any, strict: Any, loved: Any, p: Any, q: Any, rate: Any, decay: Any
) -> None:
    """Take a step for each rating (`above` the mean) in its order; biases and vectors change in place.

    No customer may have rated an item twice. It is quick where the ratings of a customer stand together.
    """
    shrink, product = np.float32(1) - rate * decay, np.float32(0)
    before = -1
    for row in range(len(users)):
        user, item = users[row], items[row]
        mine, its = p[user], q[item]
        if user != before:
            product = np.float32(0)
            for k in range(len(mine)):
                product += mine[k] * its[k]
        step = rate * (above[row] - strict[user] - loved[item] - product)
        strict[user] = shrink * strict[user] + step
        loved[item] = shrink * loved[item] + step
        following = q[items[min(row + 1, len(items) - 1)]]
        product = np.float32(0)
        for k in range(len(mine)):
            a, b = mine[k], its[k]
            moved = shrink * a + step * b
            mine[k], its[k] = moved, shrink * b + step * a
            product += moved * following[k]
        before = user


@compiled(
    "void(int32[::1], int32[::1], float32[::1], int64[::1], float32[::1], float32[::1], float32[:,::1],"
    " float32[:,::1], int64, float32, float32)",
    fastmath=True,
)
def settle(
    indptr: Any,
    items: Any,
    above: Any,
    rows: Any,
    strict: Any,
    loved: Any,
    p: Any,
    q: Any,
    rounds: Any,
    rate: Any,
    decay: Any,
) -> None:
    """Take the customers in these rows through the same steps while the items stand still, from zero."""
    shrink = np.float32(1) - rate * decay
    for user in rows:
        mine, bias, product = p[user], np.float32(0), np.float32(0)
        first, end = indptr[user], indptr[user + 1]
        for _ in range(rounds):
            for row in range(first, end):
                its, following = q[items[row]], q[items[row + 1 if row + 1 < end else first]]
                step = rate * (above[row] - bias - loved[items[row]] - product)
                bias = shrink * bias + step
                product = np.float32(0)
                for k in range(len(mine)):
                    moved = shrink * mine[k] + step * its[k]
                    mine[k] = moved
                    product += moved * following[k]
        strict[user] = bias

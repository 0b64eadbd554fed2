"""Biased matrix factorisation of ratings by stochastic gradient descent, a rating at a time."""

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
    """Take a step for each rating (`above` the mean) in its order; biases and vectors change in place."""
    for row in range(len(users)):
        mine, its = p[users[row]], q[items[row]]
        error = above[row] - strict[users[row]] - loved[items[row]]
        product = np.float32(0)
        for k in range(len(mine)):
            product += mine[k] * its[k]
        error -= product
        strict[users[row]] += rate * (error - decay * strict[users[row]])
        loved[items[row]] += rate * (error - decay * loved[items[row]])
        for k in range(len(mine)):
            a, b = mine[k], its[k]
            mine[k] = a + rate * (error * b - decay * a)
            its[k] = b + rate * (error * a - decay * b)


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
    for user in rows:
        mine, bias = p[user], np.float32(0)
        for _ in range(rounds):
            for row in range(indptr[user], indptr[user + 1]):
                its = q[items[row]]
                product = np.float32(0)
                for k in range(len(mine)):
                    product += mine[k] * its[k]
                error = above[row] - bias - loved[items[row]] - product
                bias += rate * (error - decay * bias)
                for k in range(len(mine)):
                    mine[k] += rate * (error * its[k] - decay * mine[k])
        strict[user] = bias

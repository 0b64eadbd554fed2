"""Bayesian personalised ranking by stochastic steps, one customer, one liked and one other item at a time."""

from typing import Any

import numpy as np

from reco_lab.algorithms._kernels.drawing import dot, drawn, follow, holds
from reco_lab.core.compiled import compiled


@compiled(
    "void(float32[:,::1], float32[:,::1], float32[::1], int32[::1], int32[::1], int32[::1], int32[::1],"
    " int32[::1], uint64, int64, float32, float32)",
    fastmath=True,
)
def descend(
    users: Any,
    items: Any,
    biases: Any,
    owners: Any,
    liked: Any,
    pool: Any,
    indptr: Any,
    indices: Any,
    state: Any,
    draws: Any,
    rate: Any,
    decay: Any,
) -> None:
    """Take a step for each pair of `owners` and `liked`, against the best of some items drawn from `pool`.

    Items that the customer touched (`indices` by `indptr`, sorted) never stand on the other side.
    """
    for row in range(len(owners)):
        user = owners[row]
        p, other, best = users[user], np.int64(-1), np.float32(0)
        for _ in range(draws):
            state = follow(state)
            item = np.int64(pool[drawn(state, len(pool))])
            if not holds(indices, indptr[user], indptr[user + 1], item):
                score = dot(p, items[item]) + biases[item]
                if other < 0 or score > best:
                    other, best = item, score
        if other < 0:
            continue
        x, y = items[liked[row]], items[other]
        score = dot(p, x) + biases[liked[row]]
        pull = np.float32(1) / (np.float32(1) + np.exp(score - best))
        biases[liked[row]] += rate * (pull - decay * biases[liked[row]])
        biases[other] -= rate * (pull + decay * biases[other])
        for k in range(len(p)):
            mine, good, bad = p[k], x[k], y[k]
            p[k] += rate * (pull * (good - bad) - decay * mine)
            x[k] += rate * (pull * mine - decay * good)
            y[k] -= rate * (pull * mine + decay * bad)

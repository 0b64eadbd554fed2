"""Logistic matrix factorisation by stochastic steps: what was touched is a yes, what is drawn beside it a no."""

from typing import Any

import numpy as np

from reco_lab.algorithms._kernels.drawing import dot, drawn, follow, holds
from reco_lab.core.compiled import compiled


@compiled(
    "void(float32[:,::1], float32[:,::1], float32[::1], int32[::1], int32[::1], int32[::1], int32[::1],"
    " int32[::1], uint64, int64, float32, float32, float32)",
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
    weight: Any,
    rate: Any,
    decay: Any,
) -> None:
    """Take a step of this weight for each pair of `owners` and `liked`, and one for each item drawn from `pool`.

    Items that the customer touched (`indices` by `indptr`, sorted) are never a no.
    """
    for row in range(len(owners)):
        user = owners[row]
        p = users[user]
        for draw in range(draws + 1):
            item, wanted, force = np.int64(liked[row]), np.float32(1), weight
            if draw > 0:
                state = follow(state)
                item, wanted, force = np.int64(pool[drawn(state, len(pool))]), np.float32(0), np.float32(1)
                if holds(indices, indptr[user], indptr[user + 1], item):
                    continue
            x = items[item]
            chance = np.float32(1) / (np.float32(1) + np.exp(-dot(p, x) - biases[item]))
            pull = force * (wanted - chance)
            biases[item] += rate * (pull - decay * biases[item])
            for k in range(len(p)):
                mine, its = p[k], x[k]
                p[k] += rate * (pull * its - decay * mine)
                x[k] += rate * (pull * mine - decay * its)

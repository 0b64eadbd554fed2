"""Which past sessions are asked: the k most like each history, those that tie for the last places sharing them."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.algorithms._kernels.neighbours import offer
from reco_lab.core.compiled import compiled

Codes = NDArray[np.int32]
Values = NDArray[np.float32]


@compiled("boolean(int32[::1], int64[::1], int64)")
def _within(items: Codes, marks: NDArray[np.int64], mark: int) -> bool:
    """Whether all of these items are marked so."""
    for item in items:  # noqa: SIM110 - compiled code knows no generators
        if marks[item] != mark:
            return False
    return True


@compiled("void(float32[::1], float64[::1])")
def _share_last(alike: Values, best: NDArray[np.float64]) -> None:
    """Keep what is above the lowest of the best, and of what is equal to it as much as makes up their number."""
    bar = np.float32(best.min())
    share = np.float32((best == bar).sum() / (alike == bar).sum())
    for session in range(len(alike)):
        if alike[session] < bar:
            alike[session] = 0.0
        elif alike[session] == bar:
            alike[session] *= share


@compiled("void(float32[:, ::1], float32[::1], int64, int64, int32[::1], int32[::1], int32[::1], int32[::1])")
def keep_nearest(
    alike: Values,
    trust: Values,
    n_items: int,
    k: int,
    starts: Codes,
    codes: Codes,
    session_starts: Codes,
    session_items: Codes,
) -> None:
    """Multiply likenesses (histories x sessions) by `trust` and set those to zero that are not asked.

    A session within the history is none of the k. Those that tie at the lowest likeness of the k share the
    places that the others leave.
    """
    marks = np.full(n_items, -1)
    best, where = np.empty(k), np.empty(k, np.int32)
    for row in range(len(alike)):
        for place in range(starts[row], starts[row + 1]):
            marks[codes[place]] = row
        mine, kept = alike[row], 0
        for session in range(len(mine)):
            mine[session] *= trust[session]
            value = np.float64(mine[session])
            if value > 0.0 and (kept < k or value >= best[0]):
                if _within(session_items[session_starts[session] : session_starts[session + 1]], marks, row):
                    mine[session] = 0.0
                else:
                    kept = offer(best, where, kept, value, np.int32(session))
        if kept == k:
            _share_last(mine, best)

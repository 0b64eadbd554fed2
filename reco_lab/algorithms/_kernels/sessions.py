"""Which past sessions are asked: the k most like each history, those that tie for the last places sharing them."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.algorithms._kernels.selecting import LANES, TILE, kth, lower
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


@compiled("int64(float32[::1], float32, float32[::1], int32[::1], int32[::1], int64[::1], int64)")
def _outside(
    mine: Values,
    least: np.float32,
    room: Values,
    session_starts: Codes,
    session_items: Codes,
    marks: NDArray[np.int64],
    mark: int,
) -> int:
    """Gather the likenesses from `least` on and above zero of sessions that are not within the history; how many."""
    found = 0
    for first in range(0, len(mine), TILE):
        last, good = min(first + TILE, len(mine)), 0
        for session in range(first, last):
            good += mine[session] >= least
        if not good:
            continue
        for session in range(first, last):
            if mine[session] >= least and mine[session] > 0.0:
                items = session_items[session_starts[session] : session_starts[session + 1]]
                if not _within(items, marks, mark):
                    room[found] = mine[session]
                    found += 1
    return found


@compiled("int64(float32[::1], float32, int64, int32[::1], int32[::1], int64[::1], int64)")
def _drop_the_rest(
    mine: Values,
    bar: np.float32,
    k: int,
    session_starts: Codes,
    session_items: Codes,
    marks: NDArray[np.int64],
    mark: int,
) -> int:
    """Set to zero what is below the bar or within the history, let ties at the bar share their places; how many are left."""
    above = tied = 0
    for session in range(len(mine)):
        value = mine[session]
        if value < bar:
            mine[session] = 0.0
        elif value > 0.0:
            items = session_items[session_starts[session] : session_starts[session + 1]]
            if _within(items, marks, mark):
                mine[session] = 0.0
            else:
                above += value > bar
                tied += value == bar
    if tied > k - above:
        share = np.float32((k - above) / tied)
        for session in range(len(mine)):
            if mine[session] == bar:
                mine[session] *= share
    return above + tied


@compiled(
    "void(float32[:, ::1], float32[::1], int64, int64, int64[::1], int32[::1], int32[::1], int32[::1], int32[::1])"
)
def keep_nearest(
    alike: Values,
    trust: Values,
    n_items: int,
    k: int,
    counts: NDArray[np.int64],
    starts: Codes,
    codes: Codes,
    session_starts: Codes,
    session_items: Codes,
) -> None:
    """Multiply likenesses (histories x sessions) by `trust`, set those to zero that are not asked, count the others.

    A session within the history is none of the k. Those that tie at the lowest likeness of the k share the
    places that the others leave.
    """
    marks, width = np.full(n_items, -1), alike.shape[1]
    room, lanes = np.empty(width, np.float32), np.empty(LANES * k, np.float32)
    for row in range(len(alike)):
        for place in range(starts[row], starts[row + 1]):
            marks[codes[place]] = row
        mine = alike[row]
        for session in range(width):
            mine[session] *= trust[session]
        asked, found, least = k, 0, np.float32(np.inf)
        while found < k and least > 0.0:
            least = max(lower(mine, lanes, asked), np.float32(0))
            found = _outside(mine, least, room, session_starts, session_items, marks, row)
            asked *= 2
        bar = kth(room, found, k) if found >= k else np.float32(0)
        counts[row] = _drop_the_rest(mine, bar, k, session_starts, session_items, marks, row)


@compiled("void(float32[:, ::1], int32[::1], int32[::1], float32[::1])")
def gather(alike: Values, starts: Codes, sessions: Codes, values: Values) -> None:
    """Fill in which columns of each row are above zero and what they hold, row after row."""
    width = alike.shape[1]
    for row in range(len(alike)):
        mine, place = alike[row], starts[row]
        for first in range(0, width, TILE):
            last, good = min(first + TILE, width), 0
            for session in range(first, last):
                good += mine[session] > 0.0
            if not good:
                continue
            for session in range(first, last):
                if mine[session] > 0.0:
                    sessions[place], values[place] = session, mine[session]
                    place += 1

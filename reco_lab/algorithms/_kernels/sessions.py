"""Which past sessions are asked: the k most like each history, those that tie for the last places sharing them."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.algorithms._kernels.sums import AnyCodes, add_marks
from reco_lab.core._kernels.selecting import LANES, kth, lower
from reco_lab.core.compiled import compiled

TILE = 32

Codes = NDArray[np.int32]
Values = NDArray[np.float32]


@compiled("boolean(int32[::1], int64[::1], int64)")
def _within(items: Codes, marks: NDArray[np.int64], mark: int) -> bool:
    """Whether all of these items are marked so."""
    for item in items:  # noqa: SIM110 - compiled code knows no generators
        if marks[item] != mark:
            return False
    return True


@compiled("int64(float32[::1], float32, int32[::1], int32[::1], int32[::1], int32[::1], int64[::1], int64)")
def _outside(
    mine: Values,
    least: np.float32,
    sessions: Codes,
    session_starts: Codes,
    session_items: Codes,
    rarest: Codes,
    marks: NDArray[np.int64],
    mark: int,
) -> int:
    """Fill in the sessions from `least` on and above zero that are not within the history; how many there are.

    Most have a rarest item that is not of the history, and then nothing else of them is read.
    """
    loud = found = 0
    for first in range(0, len(mine), TILE):
        tile, good = mine[first : first + TILE], 0
        for place in range(len(tile)):
            good += tile[place] >= least
        if good:
            for place in range(len(tile)):
                sessions[loud] = first + place
                loud += tile[place] >= least
    for place in range(loud):
        heard = np.uint32(sessions[place])
        outside = marks[np.uint32(rarest[heard])] != mark
        if not outside:
            items = session_items[session_starts[heard] : session_starts[heard + 1]]
            outside = not _within(items, marks, mark)
        sessions[found] = heard
        found += outside and mine[heard] > 0.0
    return found


@compiled("int64(int32[::1], float32[::1], int64, float32, int64)")
def _keep(sessions: Codes, values: Values, found: int, bar: np.float32, k: int) -> int:
    """Bring to the front what is from the bar on, those that tie there sharing their places; how many are left."""
    kept = tied = 0
    for place in range(found):
        value = values[place]
        sessions[kept], values[kept] = sessions[place], value
        kept += value >= bar
        tied += value == bar
    if kept > k:
        share = np.float32((k - (kept - tied)) / tied)
        for place in range(kept):
            if values[place] == bar:
                values[place] *= share
    return kept


@compiled(
    [
        f"void(int32[::1], int32[::1], float32[::1], int64[::1], int32[::1], int32[::1], {codes}[::1], int32[::1],"
        " int32[::1], int32[::1], float32[::1], int64, int64, int64[::1], int32[:, ::1], float32[:, ::1])"
        for codes in ("uint16", "int32")
    ]
)
def nearest(
    starts: Codes,
    codes: Codes,
    weights: Values,
    seen_starts: NDArray[np.int64],
    seen: Codes,
    of_item_starts: Codes,
    of_item: AnyCodes,
    session_starts: Codes,
    session_items: Codes,
    rarest: Codes,
    trust: Values,
    n_items: int,
    k: int,
    counts: NDArray[np.int64],
    sessions: Codes,
    values: Values,
) -> None:
    """Fill in the sessions most like each history, their likenesses, and how many there are.

    A likeness is the sum of the weights of the history's entries that the session has, times its `trust`;
    `rarest` is the item of each session that the fewest sessions have. A session within what was `seen` is
    none of the k. Those that tie at the lowest likeness of the k share the places that the others leave.
    """
    marks, width = np.full(n_items, -1), len(trust)
    mine, room, lanes = (
        np.empty(width, np.float32),
        np.empty(width, np.float32),
        np.empty(LANES * k, np.float32),
    )
    for row in range(len(counts)):
        for place in range(seen_starts[row], seen_starts[row + 1]):
            marks[seen[place]] = row
        mine[:] = 0.0
        add_marks(codes[starts[row] : starts[row + 1]], weights[starts[row] :], of_item_starts, of_item, mine)
        for session in range(width):
            mine[session] *= trust[session]
        asked, found, least = k + k // 4 + 1, 0, np.float32(np.inf)
        while found < k and least > 0.0:
            least = max(lower(mine, lanes, asked), np.float32(0))
            found = _outside(mine, least, sessions[row], session_starts, session_items, rarest, marks, row)
            asked *= 2
        for place in range(found):
            values[row, place] = room[place] = mine[np.uint32(sessions[row, place])]
        bar = kth(room, found, k) if found >= k else np.float32(0)
        counts[row] = _keep(sessions[row], values[row], found, bar, k)

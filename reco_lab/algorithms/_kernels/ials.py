"""Conjugate gradients for weighted least squares: the sparse half of each step, many rows at a time."""

from typing import Any

import numpy as np

from reco_lab.core.compiled import compiled

LISTS = "int32[::1], int32[::1], float32[::1], int64"
TABLE = "float32[:,::1]"


ROW = "float32[::1]"


@compiled(f"void(int32[::1], {ROW}, {TABLE}, {ROW}, float32, float32, {ROW})", fastmath=True)
def _pull(columns: Any, extra: Any, y: Any, x: Any, level: Any, slope: Any, total: Any) -> None:
    """Add `(level + e (level + slope y x)) y` over the touched items to `total`, four of them at a time."""
    place, width = 0, len(x)
    while place + 4 <= len(columns):
        one, two = y[columns[place]], y[columns[place + 1]]
        three, four = y[columns[place + 2]], y[columns[place + 3]]
        p, q, r, s = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for k in range(width):
            p += one[k] * x[k]
            q += two[k] * x[k]
            r += three[k] * x[k]
            s += four[k] * x[k]
        p = level + extra[place] * (level + slope * p)
        q = level + extra[place + 1] * (level + slope * q)
        r = level + extra[place + 2] * (level + slope * r)
        s = level + extra[place + 3] * (level + slope * s)
        for k in range(width):
            total[k] += (p * one[k] + q * two[k]) + (r * three[k] + s * four[k])
        place += 4
    while place < len(columns):
        its, p = y[columns[place]], np.float32(0)
        for k in range(width):
            p += its[k] * x[k]
        p = level + extra[place] * (level + slope * p)
        for k in range(width):
            total[k] += p * its[k]
        place += 1


@compiled(f"void({LISTS}, {TABLE}, {TABLE}, {TABLE})", fastmath=True)
def begin(ptr: Any, columns: Any, extra: Any, start: Any, x: Any, y: Any, left: Any) -> None:
    """Add to `left` what the touched items still pull: `(1 + e) y - e y (y x)` over each row's entries."""
    for row in range(len(x)):
        first, last = ptr[start + row], ptr[start + row + 1]
        _pull(columns[first:last], extra[first:last], y, x[row], np.float32(1), np.float32(-1), left[row])


@compiled(f"void({LISTS}, {TABLE}, {TABLE}, {TABLE}, {TABLE}, {TABLE})", fastmath=True)
def advance(
    ptr: Any, columns: Any, extra: Any, start: Any, x: Any, y: Any, left: Any, way: Any, image: Any
) -> None:
    """Take each row of `x` one step along its `way`; `image` is that way times the system's dense part."""
    for row in range(len(x)):
        mine, rest, along, turned = x[row], left[row], way[row], image[row]
        first, last = ptr[start + row], ptr[start + row + 1]
        _pull(columns[first:last], extra[first:last], y, along, np.float32(0), np.float32(1), turned)
        before, curve, after = np.float32(0), np.float32(0), np.float32(0)
        for k in range(len(mine)):
            before += rest[k] * rest[k]
            curve += along[k] * turned[k]
        if before <= np.float32(1e-20) or curve <= 0:
            continue
        length = before / curve
        for k in range(len(mine)):
            mine[k] += length * along[k]
            rest[k] -= length * turned[k]
            after += rest[k] * rest[k]
        for k in range(len(mine)):
            along[k] = rest[k] + after / before * along[k]

"""Conjugate gradients for weighted least squares, a row at a time: what it gathers stays near until it is solved.

A row of factors that is needed soon is fetched ahead where it may lie far away: the first time that a row
gathers it, and each time where one row gathers more than FAR numbers.
"""

from typing import Any

import numpy as np

from reco_lab.core.compiled import compiled, prefetch

AHEAD, A_LINE, FAR = 20, 16, 1 << 17
LEAST = np.float32(1e-20)

LISTS = "int32[::1], float32[::1]"
TABLE = "float32[:,::1]"
ROW = "float32[::1]"
NUMBER = "float32"


@compiled(f"void({LISTS}, int64, int64, {TABLE}, {ROW}, {NUMBER}, {NUMBER}, boolean, {ROW})", fastmath=True)
def _pull(
    columns: Any,
    extra: Any,
    first: Any,
    last: Any,
    y: Any,
    x: Any,
    level: Any,
    slope: Any,
    far: Any,
    total: Any,
) -> None:
    """Add `(level + e (level + slope y x)) y` over the touched items to `total`, four of them at a time."""
    place, width, flat = first, len(x), y.reshape(-1)
    while place + 4 <= last:
        if far and place + AHEAD + 4 <= len(columns):
            for later in range(place + AHEAD, place + AHEAD + 4):
                start = np.uint64(np.uint32(columns[later])) * np.uint64(width)
                for line in range(0, width, A_LINE):
                    prefetch(flat, start + np.uint64(line))
        one, two = y[np.uint32(columns[place])], y[np.uint32(columns[place + 1])]
        three, four = y[np.uint32(columns[place + 2])], y[np.uint32(columns[place + 3])]
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
    while place < last:
        its, p = y[np.uint32(columns[place])], np.float32(0)
        for k in range(width):
            p += its[k] * x[k]
        p = level + extra[place] * (level + slope * p)
        for k in range(width):
            total[k] += p * its[k]
        place += 1


@compiled(f"void({ROW}, {NUMBER}, {TABLE}, {ROW})", fastmath=True)
def _dense(x: Any, beyond: Any, common: Any, image: Any) -> None:
    """What all rows have in common makes of x: `x + beyond common x`."""
    width = len(x)
    image[:] = x
    if beyond == 0:
        return
    for k in range(0, width - 3, 4):
        one, two, three, four = common[k], common[k + 1], common[k + 2], common[k + 3]
        p, q, r, s = beyond * x[k], beyond * x[k + 1], beyond * x[k + 2], beyond * x[k + 3]
        for j in range(width):
            image[j] += (p * one[j] + q * two[j]) + (r * three[j] + s * four[j])
    for k in range(width - width % 4, width):
        p = beyond * x[k]
        for j in range(width):
            image[j] += p * common[k, j]


@compiled(
    f"void(int32[::1], {LISTS}, int64, {TABLE}, {TABLE}, {TABLE}, {ROW}, int64, {NUMBER}, boolean[::1])",
    fastmath=True,
)
def solve(
    ptr: Any,
    columns: Any,
    extra: Any,
    start: Any,
    x: Any,
    y: Any,
    common: Any,
    beyond: Any,
    steps: Any,
    enough: Any,
    there: Any,
) -> None:
    """Take each row of `x` at most so many steps; it is there when its pull is at most `enough` of the first."""
    width = x.shape[1]
    rest, along, image = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    for row in range(len(x)):
        mine, first, last = x[row], ptr[start + row], ptr[start + row + 1]
        _dense(mine, beyond[row], common, image)
        rest[:] = -image
        _pull(columns, extra, first, last, y, mine, np.float32(1), np.float32(-1), True, rest)
        along[:] = rest
        left = np.dot(rest, rest)
        goal, far = enough * enough * left, (last - first) * width > FAR
        there[row] = left <= goal
        for _ in range(steps):
            if there[row] or left <= LEAST:
                break
            _dense(along, beyond[row], common, image)
            _pull(columns, extra, first, last, y, along, np.float32(0), np.float32(1), far, image)
            curve = np.dot(along, image)
            if curve <= 0:
                break
            length, before = left / curve, left
            mine += length * along
            rest -= length * image
            left = np.dot(rest, rest)
            along[:] = rest + left / before * along
            there[row] = left <= goal

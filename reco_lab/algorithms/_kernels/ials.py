"""Conjugate gradients for weighted least squares: the sparse half of each step, many rows at a time."""

from typing import Any

import numpy as np

from reco_lab.core.compiled import compiled

LISTS = "int32[::1], int32[::1], float32[::1], int64"
TABLE = "float32[:,::1]"


@compiled(f"void({LISTS}, {TABLE}, {TABLE}, {TABLE})", fastmath=True)
def begin(ptr: Any, columns: Any, extra: Any, start: Any, x: Any, y: Any, left: Any) -> None:
    """Add to `left` what the touched items still pull: `(1 + e) y - e y (y x)` over each row's entries."""
    for row in range(len(x)):
        mine, rest = x[row], left[row]
        for place in range(ptr[start + row], ptr[start + row + 1]):
            its, weight, product = y[columns[place]], extra[place], np.float32(0)
            for k in range(len(mine)):
                product += its[k] * mine[k]
            pull = np.float32(1) + weight - weight * product
            for k in range(len(mine)):
                rest[k] += pull * its[k]


@compiled(f"void({LISTS}, {TABLE}, {TABLE}, {TABLE}, {TABLE}, {TABLE})", fastmath=True)
def advance(
    ptr: Any, columns: Any, extra: Any, start: Any, x: Any, y: Any, left: Any, way: Any, image: Any
) -> None:
    """Take each row of `x` one step along its `way`; `image` is that way times the system's dense part."""
    for row in range(len(x)):
        mine, rest, along, turned = x[row], left[row], way[row], image[row]
        for place in range(ptr[start + row], ptr[start + row + 1]):
            its, product = y[columns[place]], np.float32(0)
            for k in range(len(mine)):
                product += its[k] * along[k]
            product *= extra[place]
            for k in range(len(mine)):
                turned[k] += product * its[k]
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

"""Elastic nets with weights of at least zero, one for each item, by coordinate descent on how items occur together."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.algorithms._kernels.neighbours import offer
from reco_lab.core.compiled import compiled

Numbers = NDArray[np.float32]
Codes = NDArray[np.int32]

STEP = 64


@compiled("int64(float32[::1], boolean[::1], float32, int32[::1], int64)")
def _invite(slopes: Numbers, inside: NDArray[np.bool_], l1: float, working: Codes, size: int) -> int:
    """Take into the working set the items outside it whose slope is above l1, the steepest first; its new size.

    It grows by as many as it has, by 64 at least.
    """
    room = max(STEP, size)
    steepest, where = np.empty(room), np.empty(room, np.int32)
    found = 0
    for item in range(len(slopes)):
        if slopes[item] > l1 and not inside[item]:
            found = offer(steepest, where, found, slopes[item], np.int32(item))
    working[size : size + found] = where[:found]
    for place in range(size, size + found):
        inside[working[place]] = True
    return size + found


@compiled("float32[:, ::1](float32[:, ::1], int32[::1], int64)")
def _among(gram: Numbers, working: Codes, size: int) -> Numbers:
    """The part of the table between the items of the working set."""
    block = np.empty((size, size), np.float32)
    for row in range(size):
        source = gram[working[row]]
        for column in range(size):
            block[row, column] = source[working[column]]
    return block


@compiled("void(float32[:, ::1], int32[::1], float32[::1], int64, float32[::1])")
def _subtract(gram: Numbers, working: Codes, weights: Numbers, size: int, slopes: Numbers) -> None:
    """Take from each item's slope what the weights explain."""
    for place in range(size):
        weight, source = weights[place], gram[working[place]]
        if weight > 0:
            for other in range(len(slopes)):
                slopes[other] -= weight * source[other]


@compiled("void(float32[:, ::1], float32[::1], float32[::1], int64, float32, float32, int64, float32)")
def _descend(
    gram: Numbers,
    slopes: Numbers,
    weights: Numbers,
    size: int,
    l1: float,
    l2: float,
    rounds: int,
    tolerance: float,
) -> None:
    """Change one weight after the other to its best value until none moves by more than tolerance x the largest."""
    for _ in range(rounds):
        largest = moved = np.float32(0)
        for place in range(size):
            own, before = gram[place, place], weights[place]
            now = max(np.float32(0), (slopes[place] + own * before - l1) / (own + l2))
            change = now - before
            if change != 0:
                weights[place] = now
                row = gram[place]
                for other in range(size):
                    slopes[other] -= change * row[other]
                moved = max(moved, abs(change))
            largest = max(largest, now)
        if moved <= tolerance * largest:
            return


@compiled(
    "void(int64, int64, float32[:, ::1], float32, float32, int64, float32, int32[:, ::1], float32[:, ::1], int64[::1])"
)
def solve(
    start: int,
    stop: int,
    gram: Numbers,
    l1: float,
    l2: float,
    rounds: int,
    tolerance: float,
    columns: Codes,
    entries: Numbers,
    counts: NDArray[np.int64],
) -> None:
    """Fill in the largest weights that rebuild the items from `start` to `stop`, their columns, and how many.

    Minimises |x - X w|^2 / 2 + l1 |w| + l2 |w|^2 / 2 with w >= 0 and none for the item itself, `gram` being
    X'X. Only a working set is looked at; it grows until nothing outside it would take a weight.
    """
    width, k = len(gram), columns.shape[1]
    inside, working = np.empty(width, np.bool_), np.empty(width, np.int32)
    best, where = np.empty(k), np.empty(k, np.int32)
    for item in range(start, stop):
        inside[:] = False
        inside[item] = True
        slopes, weights = gram[item].copy(), np.zeros(width, np.float32)
        size = 0
        while True:
            grown = _invite(slopes, inside, l1, working, size)
            if grown == size:
                break
            size = grown
            block = _among(gram, working, size)
            _descend(block, slopes[working[:size]], weights, size, l1, l2, rounds, tolerance)
            slopes[:] = gram[item]
            _subtract(gram, working, weights, size, slopes)
        kept = 0
        for place in range(size):
            if weights[place] > 0:
                kept = offer(best, where, kept, weights[place], working[place])
        counts[item - start] = kept
        columns[item - start, :kept] = where[:kept]
        entries[item - start, :kept] = best[:kept].astype(np.float32)

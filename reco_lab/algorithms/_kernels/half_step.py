"""Weighted least squares of one customer after the other: a factor in float32, made exact in float64."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.compiled import compiled

Codes = NDArray[np.int32]
Table = NDArray[np.float64]

ROUNDS = 8
SMALLEST = 1e-10


@compiled("void(float32[:, ::1], float64[::1], float64[::1])", fastmath=True)
def _substitute(lower: NDArray[np.float32], pull: Table, found: Table) -> None:
    """Solve `lower lower' found = pull`."""
    for row in range(len(pull)):
        rest = pull[row]
        for column in range(row):
            rest -= lower[row, column] * found[column]
        found[row] = rest / lower[row, row]
    for row in range(len(pull) - 1, -1, -1):
        found[row] /= lower[row, row]
        for column in range(row):
            found[column] -= lower[row, column] * found[row]


@compiled("float64(float64[:, ::1], float64[::1], float64[::1], float64[::1])")
def _pull(x: Table, extra: Table, found: Table, left: Table) -> float:
    """Take `sum_i extra_i x_i x_i'` times `found` from `left`; the largest entry that remains."""
    left -= (extra * (x @ found)) @ x
    return float(np.abs(left).max())


@compiled(
    "void(int32[::1], float64[::1], float32[:, ::1], float64[::1], float64[:, ::1], float32[:, ::1],"
    " float32[:, ::1])"
)
def _gather(
    codes: Codes,
    weights: Table,
    items: NDArray[np.float32],
    centre: Table,
    x: Table,
    narrow: NDArray[np.float32],
    weighted: NDArray[np.float32],
) -> None:
    """Fill in the vectors of some items less the centre, the same in float32, and those weighed."""
    for place in range(len(codes)):
        for k in range(items.shape[1]):
            x[place, k] = np.float64(items[codes[place], k]) - centre[k]
            narrow[place, k] = x[place, k]
            weighted[place, k] = x[place, k] * weights[place]


@compiled(
    "void(int64, int64, int32[::1], int32[::1], float64[::1], float64[::1], float32[:, ::1], float64[::1],"
    " float64[:, ::1], float64[:, ::1], float64, float64[:, ::1])"
)
def solve(
    start: int,
    stop: int,
    starts: Codes,
    codes: Codes,
    extra: Table,
    ridges: Table,
    items: NDArray[np.float32],
    centre: Table,
    base: Table,
    per_entry: Table,
    lift: float,
    vectors: Table,
) -> None:
    """Fill in the vectors of the customers from `start` to `stop`: see `HalfStep`; those without entries keep theirs.

    What the float32 Cholesky factor finds is corrected by what it leaves in float64 until that is next to
    nothing; where it does not get there, the system is solved in float64.
    """
    width, longest = items.shape[1], np.diff(starts[start : stop + 1]).max()
    step, system = np.empty(width), np.empty((width, width), np.float32)
    wide = np.empty((longest, width))
    narrow, weighted = np.empty((longest, width), np.float32), np.empty((longest, width), np.float32)
    for row in start + np.flatnonzero(np.diff(starts[start : stop + 1])):
        first, last = starts[row], starts[row + 1]
        x, weights, ridge = wide[: last - first], extra[first:last], ridges[row]
        _gather(codes[first:last], weights, items, centre, x, narrow, weighted)
        np.dot(weighted[: last - first].T, narrow[: last - first], system)
        for k in range(width):
            for column in range(width):
                system[k, column] += base[k, column] + (last - first) * per_entry[k, column]
            system[k, k] += ridge
        pull, found, exact = (lift + weights) @ x, vectors[row], False
        least = SMALLEST * np.abs(pull).max()
        found[:] = 0.0
        try:
            lower, left = np.linalg.cholesky(system), pull
            for _ in range(ROUNDS):
                _substitute(lower, left, step)
                found += step
                left = pull - base @ found - (last - first) * (per_entry @ found) - ridge * found
                exact = _pull(x, weights, found, left) <= least
                if exact:
                    break
        except Exception:  # noqa: BLE001 - compiled code cannot name the error of a factor that does not exist
            exact = False
        if not exact:
            dense = base + (last - first) * per_entry + ridge * np.eye(width)
            found[:] = np.linalg.solve(dense + (x * weights.reshape(-1, 1)).T @ x, pull)

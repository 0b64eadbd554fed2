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


@compiled("float64(float64[:, ::1], float64[:, ::1], float64[::1], float64[::1], float64[::1], float64[::1])")
def _left(x: Table, dense: Table, extra: Table, pull: Table, found: Table, left: Table) -> float:
    """Write what `dense + sum_i extra_i x_i x_i'` times `found` leaves of `pull`; its largest entry."""
    left[:] = pull - dense @ found
    left -= (extra * (x @ found)) @ x
    return np.abs(left).max()


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
    width = items.shape[1]
    left, step = np.empty(width), np.empty(width)
    for row in range(start, stop):
        first, last = starts[row], starts[row + 1]
        if first == last:
            continue
        x, weights = np.empty((last - first, width)), extra[first:last]
        for place in range(last - first):
            code = codes[first + place]
            for k in range(width):
                x[place, k] = np.float64(items[code, k]) - centre[k]
        dense = base + (last - first) * per_entry
        for k in range(width):
            dense[k, k] += ridges[row]
        pull = (lift + weights) @ x
        exact, narrow = False, x.astype(np.float32)
        weighted = narrow * weights.astype(np.float32).reshape(-1, 1)
        system = dense.astype(np.float32) + weighted.T @ narrow
        found = vectors[row]
        found[:] = 0.0
        least = SMALLEST * np.abs(pull).max()
        try:
            lower = np.linalg.cholesky(system)
            left[:] = pull
            for _ in range(ROUNDS):
                _substitute(lower, left, step)
                found += step
                exact = _left(x, dense, weights, pull, found, left) <= least
                if exact:
                    break
        except Exception:  # noqa: BLE001 - compiled code cannot name the error of a factor that does not exist
            exact = False
        if not exact:
            found[:] = np.linalg.solve(dense + (x * weights.reshape(-1, 1)).T @ x, pull)

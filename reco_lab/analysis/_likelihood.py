"""Maximum likelihood for a few positive parameters, with their standard errors and a word on whether it settled."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Floats = NDArray[np.float64]
STEP = 1e-4
FLAT = 1e-6
BENT = 1e-5
UNSURE = 0.01
BOUND = 8.0
STARTS = 3


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the likelihood is largest: `estimates`, their standard `errors` (NaN where it is flat), `converged`, `loss`.

    The errors come from the curvature of the likelihood; a parameter on which it does not depend any more, as one
    that ran to the end of its range, has none. `converged` is True where the slope is gone (but for those at
    the end of their range) and no curve bends the other way.
    """

    estimates: Floats
    errors: Floats
    converged: bool
    loss: float


def maximise(mean_loss: Callable[[Floats], tuple[float, Floats]], start: Floats, n: float) -> Maximum:
    """Minimise a mean negative log-likelihood of `n` people, given with its gradient, over positive parameters.

    It is searched in the logarithms of the parameters, so that their units hardly matter, and again
    where the slope is left: a fresh start gets further along a ridge.
    """

    def by_logs(logs: Floats) -> tuple[float, Floats]:
        value, slope = mean_loss(np.exp(logs))
        return value, slope * np.exp(logs)

    logs, value, level = np.log(start), np.inf, False
    for _ in range(STARTS):
        found = optimize.minimize(
            by_logs,
            logs,
            jac=True,
            method="L-BFGS-B",
            bounds=[(-BOUND, BOUND)] * len(start),
            options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 2000},
        )
        logs, value = np.asarray(found.x, np.float64), float(found.fun)
        within = np.abs(logs) < BOUND - 1e-3
        level = bool(np.abs(np.asarray(found.jac)[within]).max(initial=0) < FLAT)
        if level:
            break
    curve = _curvature(by_logs, logs)
    bends, ways = np.linalg.eigh(curve)
    sure = bends > BENT
    spread = np.sqrt((ways[:, sure] ** 2 / bends[sure]).sum(axis=1) / n)
    known = within & ((ways[:, ~sure] ** 2).sum(axis=1) < UNSURE)
    errors = np.where(known, np.exp(logs) * spread, np.nan)
    return Maximum(np.exp(logs), errors, level and bool(bends[0] > -BENT), value * n)


def _curvature(by_logs: Callable[[Floats], tuple[float, Floats]], at: Floats) -> Floats:
    """The second derivatives, from differences of the exact first ones."""
    steps = np.eye(len(at)) * STEP
    rows = [(by_logs(at + step)[1] - by_logs(at - step)[1]) / (2 * STEP) for step in steps]
    table = np.array(rows)
    return np.asarray((table + table.T) / 2, np.float64)

"""Maximum likelihood for a few positive parameters, with their standard errors and a word on whether it settled."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Floats = NDArray[np.float64]
STEP = 1e-4
FLAT = 1e-5
BENT = 1e-9
BOUND = 12.0


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the likelihood is largest: `estimates`, their standard `errors` (NaN where it is flat), `converged`, `loss`.

    The errors come from the curvature of the likelihood. A parameter that ran to the end of its range, or that
    the likelihood does not depend on any more, has no error; `converged` is True where the slope of all others
    is gone and the curvature is that of a maximum.
    """

    estimates: Floats
    errors: Floats
    converged: bool
    loss: float


def maximise(mean_loss: Callable[[Floats], tuple[float, Floats]], start: Floats, n: float) -> Maximum:
    """Minimise a mean negative log-likelihood of `n` people, given with its gradient, over positive parameters.

    It is searched in the logarithms of the parameters, so that their units hardly matter.
    """

    def by_logs(logs: Floats) -> tuple[float, Floats]:
        value, slope = mean_loss(np.exp(logs))
        return value, slope * np.exp(logs)

    bounds = [(-BOUND, BOUND)] * len(start)
    found = optimize.minimize(
        by_logs,
        np.log(start),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 2000},
    )
    logs = np.asarray(found.x, np.float64)
    curve = _curvature(by_logs, logs)
    free = np.flatnonzero((np.abs(logs) < BOUND - 1e-3) & (np.diag(curve) > BENT))
    inner = curve[np.ix_(free, free)]
    peaked = len(free) > 0 and bool(np.linalg.eigvalsh(inner)[0] > BENT)
    level = bool(np.abs(by_logs(logs)[1][free]).max(initial=0) < FLAT)
    errors = np.full(len(logs), np.nan)
    if peaked:
        errors[free] = np.exp(logs[free]) * np.sqrt(np.diag(np.linalg.inv(inner)) / n)
    return Maximum(np.exp(logs), errors, peaked and level, float(found.fun) * n)


def _curvature(by_logs: Callable[[Floats], tuple[float, Floats]], at: Floats) -> Floats:
    """The second derivatives, from differences of the exact first ones."""
    steps = np.eye(len(at)) * STEP
    rows = [(by_logs(at + step)[1] - by_logs(at - step)[1]) / (2 * STEP) for step in steps]
    table = np.array(rows)
    return np.asarray((table + table.T) / 2, np.float64)

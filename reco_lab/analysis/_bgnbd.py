"""BG/NBD: customers buy at a rate of their own until, after some purchase, they silently leave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from reco_lab.analysis._likelihood import Floats, maximise

WEEK = 7.0
NODES = 40


@dataclass(frozen=True, eq=False)
class Bgnbd:
    """A fitted BG/NBD model (Fader, Hardie and Lee, Marketing Science 24(2), 2005); time in weeks.

    Rates of buying are spread as Gamma(`r`, `alpha`), the chance to leave after a purchase as Beta(`a`, `b`).
    `errors` are the standard errors of the four in this order; one is NaN where the likelihood hardly depends on
    it: a and b where nobody seems to leave, r and alpha where all buy at one rate. `frequency` in its methods
    counts the visits after the first, `recency` and `age` are the weeks from the first visit to the last one
    and to the end.
    """

    r: float
    alpha: float
    a: float
    b: float
    errors: tuple[float, ...]
    converged: bool
    log_likelihood: float

    @property
    def leaving(self) -> float:
        """The mean chance to leave after a purchase."""
        return self.a / (self.a + self.b)

    def alive(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """The chance that each customer still is one."""
        left = np.log(self.a) - np.log(self.b + np.maximum(frequency, 1) - 1)
        left = left + (self.r + frequency) * np.log((self.alpha + age) / (self.alpha + recency))
        return np.where(frequency > 0, special.expit(-left), 1.0)

    def silent(self, weeks: float | Floats, frequency: Floats, age: Floats) -> Floats:
        """The chance that a customer who still is one buys nothing in the next weeks."""
        return np.asarray(np.exp(-(self.r + frequency) * np.log1p(weeks / (self.alpha + age))), np.float64)

    def expected(self, weeks: Floats, frequency: Floats, age: Floats) -> Floats:
        """Purchases in the next weeks of a customer who still is one: customers x horizons.

        The mean over the chance p to leave of (1 - (1 + p weeks / (alpha + age))^-(r + x)) / p, with p spread as
        Beta(a, b + x), by Gauss-Jacobi quadrature: the published hypergeometric form cancels near a = 1.
        """
        pairs, back = np.unique(np.column_stack((frequency, age)), axis=0, return_inverse=True)
        found = np.empty((len(pairs), len(weeks)))
        ends = np.flatnonzero(np.append(np.diff(pairs[:, 0]) != 0, True)) + 1
        for low, high in zip(np.append(0, ends[:-1]), ends, strict=True):
            x = pairs[low, 0]
            chance, weight = _beta_nodes(self.a, self.b + x)
            longer = chance * (weeks / (self.alpha + pairs[low:high, 1, None]))[:, :, None]
            found[low:high] = (-np.expm1(-(self.r + x) * np.log1p(longer)) / chance) @ weight
        return found[back.ravel()]


def fit(frequency: Floats, recency: Floats, age: Floats) -> Bgnbd:
    """Find the four parameters under which what customers did is most likely; times in weeks."""
    table = np.column_stack((frequency, recency, age))
    kinds, many = np.unique(table, axis=0, return_counts=True)
    x, last, long, weights = *kinds.T, many / len(table)
    start = np.array([1.0, max(float(age.mean()) / 2, 1e-3), 1.0, 2.0])
    best = maximise(lambda at: _loss(at, x, last, long, weights), start, len(table))
    r, alpha, a, b = best.estimates.tolist()
    return Bgnbd(r, alpha, a, b, tuple(best.errors.tolist()), best.converged, -best.loss)


def _loss(at: Floats, x: Floats, last: Floats, age: Floats, weights: Floats) -> tuple[float, Floats]:
    r, alpha, a, b = at
    again, before = x > 0, b + np.maximum(x, 1) - 1
    stayed = -(r + x) * np.log(alpha + age)
    left = np.where(again, np.log(a) - np.log(before) - (r + x) * np.log(alpha + last), -np.inf)
    both = np.logaddexp(stayed, left)
    gone = np.exp(left - both)
    buying = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
    staying = special.betaln(a, b + x) - special.betaln(a, b)
    mixed = (1 - gone) * np.log(alpha + age) + gone * np.log(alpha + last)
    slower = (1 - gone) / (alpha + age) + gone / (alpha + last)
    whole = special.digamma(a + b) - special.digamma(a + b + x)
    slopes = (
        special.digamma(r + x) - special.digamma(r) + np.log(alpha) - mixed,
        r / alpha - (r + x) * slower,
        whole + gone / a,
        whole + special.digamma(b + x) - special.digamma(b) - gone / before,
    )
    value = -float(weights @ (buying + staying + both))
    return value, -np.array([weights @ slope for slope in slopes])


def _beta_nodes(a: float, b: float) -> tuple[Floats, NDArray[np.float64]]:
    """Places in (0, 1) and weights that average any smooth function over Beta(a, b): Golub and Welsch, 1969."""
    n = np.arange(NODES, dtype=np.float64)
    up, down = b - 1, a - 1
    total = 2 * n + up + down
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (down**2 - up**2) / (total * (total + 2))
    middle[0] = (down - up) / (up + down + 2)
    k, total = n[1:], total[1:]
    side = 4 * k * (k + up) * (k + down) * (k + up + down) / (total**2 * (total**2 - 1))
    side[0] = 4 * (1 + up) * (1 + down) / ((2 + up + down) ** 2 * (3 + up + down))
    places, vectors = linalg.eigh_tridiagonal(middle, np.sqrt(side))
    return np.maximum((1 + places) / 2, np.finfo(float).tiny), vectors[0] ** 2

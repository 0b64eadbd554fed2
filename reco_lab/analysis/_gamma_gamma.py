"""Gamma-Gamma: every customer spends around a middle of her own, which few purchases tell only roughly."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from reco_lab.analysis._likelihood import Floats, maximise


@dataclass(frozen=True, eq=False)
class GammaGamma:
    """A fitted Gamma-Gamma model of spending (Fader and Hardie, 2013); `v` in money.

    Purchases of a customer are spread as Gamma(`p`, nu), nu over customers as Gamma(`q`, `v`). `errors` are the
    standard errors of p, q and v. `correlation` is that of frequency and mean value among its `customers`: the
    model takes it to be none.
    """

    p: float
    q: float
    v: float
    errors: tuple[float, ...]
    converged: bool
    log_likelihood: float
    correlation: float
    customers: int

    def average(self, frequency: Floats, mean: Floats) -> Floats:
        """What a purchase of each customer will be worth: her own mean drawn towards everyone's, the more the fewer.

        NaN for a customer of whom nothing is known where everyone's mean does not exist (q is 1 or less).
        """
        below = self.p * frequency + self.q - 1
        known = self.v + np.where(frequency > 0, frequency * mean, 0.0)
        return np.where(below > 0, self.p * known / np.where(below > 0, below, 1.0), np.nan)


def fit(frequency: Floats, mean: Floats) -> GammaGamma:
    """Find the three parameters for customers who came back: how often, and their mean value (both above 0)."""
    unit = float(mean.mean())
    scaled = mean / unit
    best = maximise(lambda at: _loss(at, frequency, scaled), np.array([2.0, 2.0, 2.0]), len(mean))
    p, q, v = best.estimates.tolist()
    errors = best.errors * np.array([1, 1, unit])
    varied = np.ptp(frequency) > 0 and np.ptp(mean) > 0
    together = float(np.corrcoef(frequency, mean)[0, 1]) if varied else 0.0
    likelihood = -best.loss - len(mean) * float(np.log(unit))
    return GammaGamma(p, q, v * unit, tuple(errors.tolist()), best.converged, likelihood, together, len(mean))


def _loss(at: Floats, x: Floats, mean: Floats) -> tuple[float, Floats]:
    p, q, v = at
    shape, total = p * x, v + x * mean
    value = special.gammaln(shape + q) - special.gammaln(shape) - special.gammaln(q) + q * np.log(v)
    value = value + (shape - 1) * np.log(mean) + shape * np.log(x) - (shape + q) * np.log(total)
    ahead = special.digamma(shape + q)
    slopes = (
        x * (ahead - special.digamma(shape) + np.log(mean) + np.log(x) - np.log(total)),
        ahead - special.digamma(q) + np.log(v) - np.log(total),
        q / v - (shape + q) / total,
    )
    return -float(value.mean()), -np.array([slope.mean() for slope in slopes])

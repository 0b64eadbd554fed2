"""How the value of a policy is read off another one's log: each estimator is a sum over rows by a sum over rows.

Sources: D. Horvitz and D. Thompson (JASA 1952) for inverse propensities; L. Li et al., Unbiased offline evaluation
of contextual-bandit-based news article recommendation algorithms (WSDM 2011) for replay, here with rejection by the
weight; A. Swaminathan and T. Joachims, The self-normalized estimator for counterfactual learning (NeurIPS 2015);
L. Bottou et al., Counterfactual reasoning and learning systems (JMLR 2013) and E. Ionides, Truncated importance
sampling (JCGS 2008) for clipping; M. Dudik et al., Doubly robust policy evaluation and optimization (Statistical
Science 2014); Y.-X. Wang et al., Optimal and adaptive off-policy evaluation in contextual bandits (ICML 2017) for
the switch, with the doubly robust estimator where weights are small as in Y. Saito et al., Open Bandit Dataset and
Pipeline (NeurIPS 2021).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reco_lab.experiments.logged import Floats, Logged, Modelled


@dataclass(frozen=True, eq=False)
class Terms:
    """Numbers a row whose sums make an estimate: above by below."""

    above: Floats
    below: Floats


@dataclass(frozen=True)
class Estimator:
    """A way to read the value off: its name, a plain explanation, its terms, and whether it needs a reward model."""

    label: str
    summary: str
    terms: Callable[[Logged, np.random.Generator], Terms]
    modelled: bool = False


def _ips(logged: Logged, _rng: np.random.Generator) -> Terms:
    return Terms(logged.weight * logged.reward, np.ones(len(logged)))


def _snips(logged: Logged, _rng: np.random.Generator) -> Terms:
    return Terms(logged.weight * logged.reward, logged.weight)


def _clipped(logged: Logged, _rng: np.random.Generator) -> Terms:
    return Terms(np.minimum(logged.weight, logged.clip) * logged.reward, np.ones(len(logged)))


def _replay(logged: Logged, rng: np.random.Generator) -> Terms:
    """Keep a row with a chance in proportion to its weight: what is kept is as if the target had served."""
    largest = float(logged.weight.max())
    if largest <= 0:
        return Terms(np.zeros(len(logged)), np.zeros(len(logged)))
    kept = (rng.random(len(logged)) < logged.weight / largest).astype(np.float64)
    return Terms(kept * logged.reward, kept)


def _direct(logged: Logged, _rng: np.random.Generator) -> Terms:
    return Terms(_model(logged).expected, np.ones(len(logged)))


def _doubly_robust(logged: Logged, _rng: np.random.Generator) -> Terms:
    return _corrected(logged, logged.weight)


def _switch(logged: Logged, _rng: np.random.Generator) -> Terms:
    return _corrected(logged, np.where(logged.weight <= logged.clip, logged.weight, 0.0))


def _corrected(logged: Logged, weight: Floats) -> Terms:
    model = _model(logged)
    return Terms(model.expected + weight * (logged.reward - model.done), np.ones(len(logged)))


def _model(logged: Logged) -> Modelled:
    if logged.modelled is None:
        raise ValueError("a reward model is needed")
    return logged.modelled


ESTIMATORS = {
    "snips": Estimator(
        "Self-normalised",
        "Weights each reward by how much likelier the judged policy was to earn it, and divides by the sum of the "
        "weights, so that a few lucky weights do not lift the whole.",
        _snips,
    ),
    "ips": Estimator(
        "Inverse propensity",
        "Weights each reward by how much likelier the judged policy was to earn it. Right on average, unsteady where "
        "weights are large.",
        _ips,
    ),
    "clipped": Estimator(
        "Clipped",
        "Inverse propensity with no weight above a limit: steadier, and a little too low.",
        _clipped,
    ),
    "doubly_robust": Estimator(
        "Doubly robust",
        "A model's expectation, mended by the weighted errors that the model made: right if either is.",
        _doubly_robust,
        modelled=True,
    ),
    "switch": Estimator(
        "Switch",
        "Doubly robust where weights are small, the model alone where they are large.",
        _switch,
        modelled=True,
    ),
    "direct": Estimator(
        "Model only",
        "What a model of the rewards expects. Steady, and wrong where the model is.",
        _direct,
        modelled=True,
    ),
    "replay": Estimator(
        "Replay",
        "Keeps as many of the rows as if the judged policy had served, and leaves the rest out. Simple, and wasteful.",
        _replay,
    ),
}
RECOMMENDED = "snips"

from typing import ClassVar, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from reco_lab.algorithms._factors import Factors, HalfStep, Vectors, Weighting, occurrences
from reco_lab.algorithms._implicit import alternating_least_squares
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State


class ImplicitALS(Recommender):
    """Factorises the customers x items matrix so that what was touched scores 1 and the rest 0.

    What was touched counts with confidence `1 + alpha * occurrences` (or `1 + alpha * log(1 + occurrences /
    epsilon)`), the rest with 1. The item vectors come from implicit; each customer's vector is then the
    exact half-step from her history, so that a history and its owner's code score alike.
    """

    info: ClassVar[Info] = Info(
        label="iALS",
        family="factors",
        summary=(
            "Describes every customer and every item by a few dozen hidden traits and recommends what fits "
            "best. It reads a missing purchase as a weak no. Strong where customers have more than a handful "
            "of interactions, fast on large catalogues, and new histories are scored exactly."
        ),
        paper="Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets, ICDM 2008",
        seeded=True,
    )
    factors: int = tunable(20, 1, 512, log=True, help="How many hidden traits")
    regularization: float = tunable(
        2.0, 1e-6, 1000.0, log=True, help="How strongly the vectors are held near zero"
    )
    alpha: float = tunable(
        1.0, 1e-4, 100.0, log=True, help="How much more a touched item counts than an untouched one"
    )
    iterations: int = tunable(15, 1, 200, log=True, help="How many rounds over all customers and items")
    scaling: Literal["linear", "log"] = tunable("linear", help="How repeated interactions add up")
    epsilon: float = tunable(1.0, 1e-6, 1000.0, log=True, help="Where the log scaling begins to flatten")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Alternate between customers and items, then take the exact half-step for every customer."""
        self.require(data)
        ctx.report(0.0, "started")
        log = data.interactions
        history = occurrences(log.items, log.user_starts, log.n_items)
        confidence = history.copy()
        confidence.data = (1 + self._weighting.of(history.data)).astype(np.float32)
        items = alternating_least_squares(
            confidence,
            ctx,
            factors=self.factors,
            regularization=self.regularization,
            iterations=self.iterations,
        )
        with threadpool_limits(1, "blas"):
            biases = np.zeros(log.n_items, np.float32)
            scorer = Factors.stepped(self._half_step(items), biases, history, ctx.threads)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Factors.from_state(state)

    @property
    def _weighting(self) -> Weighting:
        return Weighting(self.alpha, self.scaling, self.epsilon)

    def _half_step(self, items: Vectors) -> HalfStep:
        wide, width = items.astype(np.float64), items.shape[1]
        base = wide.T @ wide + self.regularization * np.eye(width)
        return HalfStep(
            items, np.zeros(width), base, np.zeros((width, width)), lift=1.0, weighting=self._weighting
        )

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from reco_lab.algorithms._factors import Factors, HalfStep, Vectors, Weighting
from reco_lab.algorithms._implicit import bayesian_personalized_ranking
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State

# The slope and the curvature of log(1 + exp(-s)) at s = 0: what one Newton step from no opinion sees.
SLOPE, CURVATURE = 0.5, 0.25


class BPR(Recommender):
    """Learns vectors so that what a customer touched scores above what others touched.

    implicit draws the items to lose against by popularity, so its scores say how much more likely a customer
    takes an item than people in general do; the logarithm of the item's popularity is added to its bias to
    get back to how likely she takes it. A history becomes a vector by one Newton step on the same objective
    with the item vectors fixed, scaled once for all customers to the size of the learnt vectors.
    """

    info: ClassVar[Info] = Info(
        label="BPR",
        family="factors",
        summary=(
            "Learns hidden traits from comparisons: this customer took this item, not that one. It aims at the "
            "order of the list rather than at numbers. Needs more rounds and more care with its knobs than "
            "iALS, and runs on one thread so that the same seed gives the same model."
        ),
        paper="Rendle et al.: BPR: Bayesian Personalized Ranking from Implicit Feedback, UAI 2009",
        seeded=True,
    )
    factors: int = tunable(32, 1, 512, log=True, help="How many hidden traits")
    learning_rate: float = tunable(
        0.02, 1e-4, 1.0, log=True, help="How far each comparison moves the vectors"
    )
    regularization: float = tunable(
        0.03, 1e-4, 1.0, log=True, help="How strongly the vectors are held near zero"
    )
    iterations: int = tunable(60, 1, 1000, log=True, help="How many rounds over all interactions")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn the item vectors by BPR, then each customer's vector by the step that a history takes."""
        self.require(data)
        ctx.report(0.0, "started")
        touched = data.interactions.matrix
        users, items, biases = bayesian_personalized_ranking(
            touched.copy(),
            ctx,
            factors=self.factors,
            learning_rate=self.learning_rate,
            regularization=self.regularization,
            iterations=self.iterations,
        )
        counts = data.interactions.item_counts
        with threadpool_limits(1, "blas"):
            step = self._newton_step(users, items, counts / counts.sum(), touched, ctx.threads)
            levels = biases + np.log1p(counts).astype(np.float32)
            scorer = Factors.stepped(step, levels, touched, ctx.threads)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Factors.from_state(state)

    def _newton_step(
        self,
        users: Vectors,
        items: Vectors,
        popularity: NDArray[np.float64],
        touched: sparse.csr_matrix,
        threads: int,
    ) -> HalfStep:
        """The step from zero, stretched so that the customers' vectors come nearest to the learnt ones."""
        centre = popularity @ items.astype(np.float64)
        around = items - centre
        spread = (around * popularity[:, None]).T @ around
        ridge = self.regularization * np.eye(items.shape[1])
        curved = (items, centre, np.zeros_like(ridge), CURVATURE * spread + ridge)
        weighting = Weighting(CURVATURE)
        plain = HalfStep(*curved, lift=SLOPE - CURVATURE, weighting=weighting)
        steps = plain.fold(touched, threads)
        stretch = float((steps * users).sum() / max((steps**2).sum(), np.finfo(np.float64).tiny)) or 1.0
        return HalfStep(*curved, lift=stretch * SLOPE - CURVATURE, weighting=weighting)

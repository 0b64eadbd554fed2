from typing import ClassVar, Literal

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from reco_lab.algorithms._factors import Factors
from reco_lab.algorithms._sampled import Lists, Model, Tile, descended, newton_step
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State


class BPR(Recommender):
    """Learns vectors so that what a customer touched scores above what she did not.

    Where opponents are drawn by popularity, scores say how much more likely a customer takes an item than
    people in general do; the logarithm of the item's popularity is added to its bias to get back to how
    likely she takes it. A history becomes a vector by one Newton step on the same objective with the item
    vectors fixed, with the ridge and the length that bring the customers' vectors nearest to the learnt ones.
    """

    info: ClassVar[Info] = Info(
        label="BPR",
        family="factors",
        summary=(
            "Learns hidden traits from comparisons: this customer took this item, not that one. It aims at the "
            "order of the list rather than at numbers. Each item taken is compared with the best of a few items "
            "drawn by lot, which teaches fastest where the list is decided. Needs more care with its knobs than "
            "iALS."
        ),
        paper=(
            "Rendle et al.: BPR: Bayesian Personalized Ranking from Implicit Feedback, UAI 2009; hard opponents: "
            "Zhang et al.: Optimizing Top-N Collaborative Filtering via Dynamic Negative Item Sampling, SIGIR 2013"
        ),
        seeded=True,
    )
    factors: int = tunable(64, 1, 512, log=True, help="How many hidden traits")
    learning_rate: float = tunable(
        0.05, 1e-3, 0.2, log=True, help="How far each comparison moves the vectors"
    )
    regularization: float = tunable(
        0.01, 1e-5, 0.2, log=True, help="How strongly the vectors are held near zero"
    )
    epochs: int = tunable(12, 1, 500, log=True, help="How many rounds over all interactions")
    negatives: Literal["uniform", "popular"] = tunable(
        "uniform", help="Whether opponents are drawn from all items alike or more often from popular ones"
    )
    draws: int = tunable(4, 1, 50, log=True, help="How many opponents are drawn; the best of them is used")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn the item vectors by comparisons, then each customer's vector by the step that a history takes."""
        self.require(data)
        touched = data.interactions.matrix
        users, items, biases = self._learn(touched, ctx)
        counts = data.interactions.item_counts
        with threadpool_limits(1, "blas"):
            step = newton_step(users, items, counts / counts.sum(), touched)
            levels = biases + np.log1p(counts) if self.negatives == "popular" else biases
            scorer = Factors.stepped(step, levels.astype(np.float32), touched, ctx.threads)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Factors.from_state(state)

    def _learn(self, touched: sparse.csr_matrix, ctx: FitContext) -> Model:
        from reco_lab.algorithms._kernels.bpr import descend

        settings = (self.draws, np.float32(self.learning_rate), np.float32(self.regularization))

        def step(model: Model, tile: Tile, lists: Lists) -> None:
            owners, liked, inside, seed = tile
            pool = inside if self.negatives == "uniform" else liked
            descend(*model, owners, liked, pool, *lists, seed, *settings)

        return descended(touched, self.factors, self.epochs, ctx, step)

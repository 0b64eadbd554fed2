from typing import ClassVar

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from reco_lab.algorithms._factors import Factors
from reco_lab.algorithms._sampled import Lists, Model, Tile, descended, newton_step
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State


class LogisticMF(Recommender):
    """Learns vectors whose product is the logarithm of the odds that a customer touches an item.

    Each touched item is a yes that counts `alpha`, beside it some untouched items are drawn as noes. A
    history becomes a vector by one Newton step with the item vectors fixed.
    """

    info: ClassVar[Info] = Info(
        label="Logistic MF",
        family="factors",
        summary=(
            "Describes customers and items by hidden traits so that they give the chance of a purchase, yes or no. "
            "A relative of iALS that squeezes everything between 0 and 1, so that very active customers and very "
            "popular items pull less."
        ),
        paper="Johnson: Logistic Matrix Factorization for Implicit Feedback Data, NIPS 2014 workshop",
        seeded=True,
    )
    factors: int = tunable(64, 1, 512, log=True, help="How many hidden traits")
    alpha: float = tunable(1.0, 0.01, 100.0, log=True, help="How much a yes counts beside a no")
    learning_rate: float = tunable(0.05, 1e-3, 0.2, log=True, help="How far each step moves the vectors")
    regularization: float = tunable(
        0.01, 1e-5, 0.2, log=True, help="How strongly the vectors are held near zero"
    )
    epochs: int = tunable(15, 1, 500, log=True, help="How many rounds over all interactions")
    draws: int = tunable(
        4, 1, 50, log=True, help="How many untouched items are drawn beside each touched one"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn the item vectors, then each customer's vector by the step that a history takes."""
        self.require(data)
        touched = data.interactions.matrix
        users, items, biases = self._learn(touched, ctx)
        counts = data.interactions.item_counts
        with threadpool_limits(1, "blas"):
            step = newton_step(users, items, counts / counts.sum(), touched)
            scorer = Factors.stepped(step, biases, touched, ctx.threads)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Factors.from_state(state)

    def _learn(self, touched: sparse.csr_matrix, ctx: FitContext) -> Model:
        from reco_lab.algorithms._kernels.logistic_mf import descend

        rates = (np.float32(self.alpha), np.float32(self.learning_rate), np.float32(self.regularization))

        def step(model: Model, tile: Tile, lists: Lists) -> None:
            owners, liked, pool, seed = tile
            descend(*model, owners, liked, pool, *lists, seed, self.draws, *rates)

        return descended(touched, self.factors, self.epochs, ctx, step)

from dataclasses import replace
from typing import ClassVar

import numpy as np

from reco_lab.algorithms._ratings import Biases, RatingFactors
from reco_lab.algorithms._surprise import Ratings, compact, trained
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class SurpriseNMF(Recommender):
    """Predicts ratings as the product of two vectors without negative numbers, learnt by multiplicative steps.

    Surprise trains it; everything after is ours. Who rated nothing, and what nobody rated, gets the mean.
    """

    info: ClassVar[Info] = Info(
        label="NMF of ratings",
        family="ratings",
        summary=(
            "Predicts how many stars a customer would give from traits that only ever add up, so that each can be "
            "read as a taste. Less exact than SVD. Its lists favour items that a few people rated high."
        ),
        paper=(
            "Luo, Zhou, Xia, Zhu: An Efficient Non-Negative Matrix-Factorization-Based Approach to Collaborative "
            "Filtering for Recommender Systems, IEEE TII 2014"
        ),
        needs=(Need.ratings,),
        folds_in=False,
        folds_in_why="its vectors are learnt together with all others, for known customers only",
        rates=True,
        seeded=True,
    )
    factors: int = tunable(15, 1, 256, log=True, help="How many hidden traits")
    epochs: int = tunable(50, 1, 500, log=True, help="How many rounds over all ratings")
    regularization: float = tunable(0.06, 1e-4, 1.0, log=True, help="How strongly vectors are held near zero")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Train on the latest rating of each pair."""
        self.require(data)
        log = data.interactions.ratings
        dense, *codes = compact(log)
        below = min(float(log.values.min()), 0.0)  # the steps need ratings that are not negative
        ratings = Ratings(replace(dense, values=dense.values - np.float32(below)), ctx, self.epochs)
        model = trained(
            "NMF",
            ratings,
            n_factors=self.factors,
            n_epochs=self.epochs,
            reg_pu=self.regularization,
            reg_qi=self.regularization,
            random_state=ctx.seed,
        )
        # One more trait takes the mean away again where customer and item are both known.
        users = np.zeros((log.n_users, self.factors + 1))
        items = np.zeros((log.n_items, self.factors + 1))
        users[codes[0]] = np.column_stack((model.pu, np.full(len(codes[0]), -1.0)))
        items[codes[1]] = np.column_stack((model.qi, np.full(len(codes[1]), ratings.global_mean)))
        scale = (ratings.global_mean + below, *(bound + below for bound in ratings.rating_scale))
        flat = Biases(scale[0], np.zeros(log.n_users), np.zeros(log.n_items), *scale[1:])
        scorer = RatingFactors.learn(flat, users, items, log)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return RatingFactors.from_state(state)

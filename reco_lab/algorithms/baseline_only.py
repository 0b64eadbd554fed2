from typing import ClassVar

import numpy as np

from reco_lab.algorithms._ratings import RatingFactors
from reco_lab.algorithms._surprise import Ratings, baselines
from reco_lab.core.dataset import Dataset
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class BaselineOnly(Recommender):
    """Predicts a rating as mean + customer + item: how strict she is and how loved it is, nothing else.

    Surprise learns the deviations by alternating least squares.
    """

    info: ClassVar[Info] = Info(
        label="Rating baselines",
        family="baseline",
        summary=(
            "Predicts a customer's stars from how strict she is and how loved the item is. Everybody gets the same "
            "list, the best-rated items; what predicts no better has learned nothing of single tastes."
        ),
        paper="Koren: Factor in the Neighbors: Scalable and Accurate Collaborative Filtering, TKDD 2010",
        needs=(Need.ratings,),
        folds_in=False,
        folds_in_why="a history would move all predictions alike, which changes no list",
        rates=True,
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn what customers and items deviate by from the latest rating of each pair."""
        self.require(data)
        log = data.interactions.ratings
        ctx.report(0.0, "started")
        biases = baselines(Ratings(log, ctx, 1))
        scorer = RatingFactors.learn(biases, np.zeros((log.n_users, 0)), np.zeros((log.n_items, 0)), log)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return RatingFactors.from_state(state)

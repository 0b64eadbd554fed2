from typing import ClassVar

import numpy as np

from reco_lab.algorithms._like_minded import WHY_NO_FOLD_IN, LikeMinded, matrix_of
from reco_lab.algorithms._surprise import Ratings, baselines
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class KNNBaseline(Recommender):
    """Predicts a rating as its baseline plus what the k most alike customers gave above or below theirs.

    Surprise's model; the baselines are read from it, likeness and neighbourhoods are ours.
    """

    info: ClassVar[Info] = Info(
        label="k-NN baseline",
        family="ratings",
        summary=(
            "Predicts a customer's stars from the stars of those who rated like her, corrected for strict and "
            "generous customers and for loved and hated items. Good ratings, easy to explain, slow on many "
            "customers."
        ),
        paper="Koren: Factor in the Neighbors: Scalable and Accurate Collaborative Filtering, TKDD 2010",
        needs=(Need.ratings,),
        folds_in=False,
        folds_in_why=WHY_NO_FOLD_IN,
        rates=True,
    )
    neighbours: int = tunable(40, 1, 1000, log=True, help="How many alike customers are asked")
    fewest: int = tunable(1, 1, 100, help="With fewer neighbours than this the baseline stands alone")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn the baselines from the latest rating of each pair and keep the ratings."""
        self.require(data)
        ctx.report(0.0, "started")
        log = data.interactions.ratings
        biases = baselines(Ratings(log, ctx, 1))
        ctx.report(1.0, "fitted")
        return LikeMinded(
            biases, np.ones(log.n_users), matrix_of(log, log.values), self.neighbours, self.fewest
        )

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return LikeMinded.from_state(state)

from dataclasses import replace
from typing import ClassVar

import numpy as np

from reco_lab.algorithms._like_minded import WHY_NO_FOLD_IN, LikeMinded, customer_means, matrix_of
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class KNNBasic(Recommender):
    """Predicts a rating as the mean of what the k most alike raters of the item gave, weighed by likeness.

    Surprise's model, computed by products of sparse matrices.
    """

    info: ClassVar[Info] = Info(
        label="k-NN ratings, plain",
        family="ratings",
        summary=(
            "Predicts a customer's stars from the stars of those who rated like her, as they stand: strict and "
            "generous customers are not told apart. Its lists favour items that a few people rated high; the "
            "simplest of its kind, to measure the others by."
        ),
        paper="Herlocker, Konstan, Borchers, Riedl: An Algorithmic Framework for Performing Collaborative Filtering, SIGIR 1999",
        needs=(Need.ratings,),
        folds_in=False,
        folds_in_why=WHY_NO_FOLD_IN,
        rates=True,
    )
    neighbours: int = tunable(40, 1, 1000, log=True, help="How many alike customers are asked")
    fewest: int = tunable(
        1, 1, 100, help="With fewer neighbours than this the mean of all ratings stands alone"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Keep the latest rating of each pair."""
        self.require(data)
        log = data.interactions.ratings
        means = customer_means(log)
        flat = replace(means, users=np.zeros(log.n_users))
        ctx.report(1.0, "fitted")
        return LikeMinded(
            flat, np.ones(log.n_users), matrix_of(log, log.values), self.neighbours, self.fewest
        )

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return LikeMinded.from_state(state)

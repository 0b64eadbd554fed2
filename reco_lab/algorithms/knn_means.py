from typing import ClassVar

import numpy as np

from reco_lab.algorithms._like_minded import WHY_NO_FOLD_IN, LikeMinded, customer_means, matrix_of
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class KNNWithMeans(Recommender):
    """Predicts a rating as the customer's own mean plus what the k most alike raters gave above or below theirs.

    Surprise's model, computed by products of sparse matrices; an item nobody rated gets the customer's mean.
    """

    info: ClassVar[Info] = Info(
        label="k-NN ratings, centred",
        family="ratings",
        summary=(
            "Predicts a customer's stars from the stars of those who rated like her, as differences from what each "
            "of them usually gives, so that strict and generous customers can be compared. Its lists favour items "
            "that a few people rated high."
        ),
        paper="Herlocker, Konstan, Borchers, Riedl: An Algorithmic Framework for Performing Collaborative Filtering, SIGIR 1999",
        needs=(Need.ratings,),
        folds_in=False,
        folds_in_why=WHY_NO_FOLD_IN,
        rates=True,
    )
    neighbours: int = tunable(40, 1, 1000, log=True, help="How many alike customers are asked")
    fewest: int = tunable(
        1, 1, 100, help="With fewer neighbours than this the customer's own mean stands alone"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Keep the latest rating of each pair and everybody's mean."""
        self.require(data)
        log = data.interactions.ratings
        means = customer_means(log)
        ctx.report(1.0, "fitted")
        return LikeMinded(
            means, np.ones(log.n_users), matrix_of(log, log.values), self.neighbours, self.fewest
        )

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return LikeMinded.from_state(state)

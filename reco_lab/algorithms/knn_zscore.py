from typing import ClassVar

import numpy as np

from reco_lab.algorithms._like_minded import WHY_NO_FOLD_IN, LikeMinded, customer_means, matrix_of
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State

SMALLEST = 1e-9


class KNNWithZScore(Recommender):
    """Predicts a rating as `knn_means` does, with everybody's deviations measured in her own spread.

    Surprise's model, computed by products of sparse matrices; who gave the same to everything has the spread
    of all ratings.
    """

    info: ClassVar[Info] = Info(
        label="k-NN ratings, standardised",
        family="ratings",
        summary=(
            "Predicts a customer's stars from the stars of those who rated like her. Who uses the whole scale and "
            "who only ever gives three or four stars are brought to the same measure first. Its lists favour items "
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
        """Keep the latest rating of each pair, everybody's mean and spread."""
        self.require(data)
        log = data.interactions.ratings
        means, values = customer_means(log), log.values.astype(np.float64)
        squares = np.bincount(log.users, (values - means.of(log.users)) ** 2, minlength=log.n_users)
        spreads = np.sqrt(squares / np.maximum(np.bincount(log.users, minlength=log.n_users), 1))
        spreads[spreads < SMALLEST] = values.std()
        ctx.report(1.0, "fitted")
        return LikeMinded(means, spreads, matrix_of(log, log.values), self.neighbours, self.fewest)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return LikeMinded.from_state(state)

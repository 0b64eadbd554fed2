from typing import ClassVar

import numpy as np

from reco_lab.algorithms._ratings import RatingFactors
from reco_lab.algorithms._surprise import Ratings, biases_of, trained
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class SVDpp(Recommender):
    """Predicts ratings as SVD does, with what a customer rated at all added to her vector.

    Surprise trains it, in time that grows with the square of the histories' lengths; everything after is ours.
    """

    info: ClassVar[Info] = Info(
        label="SVD++",
        family="ratings",
        summary=(
            "Predicts how many stars a customer would give, from the stars she gave and from what she chose to rate "
            "at all. The most exact of the classics and by far the slowest. Its lists favour items that a few people "
            "rated high."
        ),
        paper="Koren: Factorization Meets the Neighborhood: a Multifaceted Collaborative Filtering Model, KDD 2008",
        needs=(Need.ratings,),
        folds_in=False,
        folds_in_why="a part of its vectors is learnt step by step for known customers only",
        rates=True,
        seeded=True,
    )
    cost: ClassVar[tuple[str, ...]] = ("once", "item pairs")
    factors: int = tunable(20, 1, 256, log=True, help="How many hidden traits")
    epochs: int = tunable(20, 1, 200, log=True, help="How many rounds over all ratings")
    learning_rate: float = tunable(0.007, 1e-5, 0.1, log=True, help="How far each rating moves the vectors")
    regularization: float = tunable(
        0.02, 1e-5, 1.0, log=True, help="How strongly everything is held near zero"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Train on the latest rating of each pair."""
        self.require(data)
        log = data.interactions.ratings
        ratings = Ratings(log, ctx, self.epochs)
        model = trained(
            "SVDpp",
            ratings,
            n_factors=self.factors,
            n_epochs=self.epochs,
            lr_all=self.learning_rate,
            reg_all=self.regularization,
            random_state=ctx.seed,
            cache_ratings=True,
        )
        touched = log.matrix
        rated = touched @ model.yj / np.sqrt(np.maximum(np.diff(touched.indptr), 1))[:, None]
        biases = biases_of(ratings, model.bu, model.bi)
        scorer = RatingFactors.learn(biases, model.pu + rated, np.asarray(model.qi), log)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return RatingFactors.from_state(state)

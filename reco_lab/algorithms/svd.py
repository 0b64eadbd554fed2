from typing import ClassVar

from reco_lab.algorithms._ratings import RatingFactors
from reco_lab.algorithms._surprise import Ratings, biases_of, trained
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class SVD(Recommender):
    """Predicts ratings as mean + customer + item + the product of two vectors, learnt by stochastic descent.

    Surprise trains it; its arrays are read out and everything after is ours. The lists rank by the
    predicted rating before it is clipped to the scale.
    """

    info: ClassVar[Info] = Info(
        label="SVD",
        family="ratings",
        summary=(
            "Predicts how many stars a customer would give. Made to get ratings right, not lists: what it "
            "ranks first is often well loved by few. Use it where the rating itself matters."
        ),
        paper="Koren, Bell, Volinsky: Matrix Factorization Techniques for Recommender Systems, Computer 2009",
        seeded=True,
        needs=(Need.ratings,),
        folds_in=False,
        folds_in_why="its vectors are learnt step by step together with all others, for known customers only",
        rates=True,
    )
    factors: int = tunable(100, 1, 512, log=True, help="How many hidden traits")
    epochs: int = tunable(20, 1, 200, log=True, help="How many rounds over all ratings")
    learning_rate: float = tunable(0.005, 1e-5, 0.1, log=True, help="How far each rating moves the vectors")
    regularization: float = tunable(
        0.02, 1e-5, 1.0, log=True, help="How strongly everything is held near zero"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Train on the latest rating of each pair."""
        self.require(data)
        log = data.interactions.ratings
        ratings = Ratings(log, ctx, self.epochs)
        model = trained(
            "SVD",
            ratings,
            n_factors=self.factors,
            n_epochs=self.epochs,
            lr_all=self.learning_rate,
            reg_all=self.regularization,
            random_state=ctx.seed,
        )
        biases = biases_of(ratings, model.bu, model.bi)
        scorer = RatingFactors.learn(biases, model.pu, model.qi, log)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return RatingFactors.from_state(state)

from typing import Any, ClassVar

import numpy as np
from scipy.special import ndtri

from reco_lab.algorithms._dice import throws
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.recommender import Codes, FitContext, Info, Need, Recommender, Scorer, Scores, State


class RandomRatings(Recommender):
    """Predicts ratings by throwing dice that fall like the ratings of the data: same mean, same spread."""

    info: ClassVar[Info] = Info(
        label="Random ratings",
        family="baseline",
        summary=(
            "Ratings drawn by lot around the mean of all ratings: the floor of every chart of rating errors. "
            "What errs as much has learned nothing."
        ),
        paper="Hug: Surprise: A Python Library for Recommender Systems, JOSS 2020 (its NormalPredictor)",
        needs=(Need.ratings,),
        folds_in=False,
        folds_in_why="Dice look at nobody's history, so changing it changes nothing.",
        rates=True,
        seeded=True,
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Take the seed, the mean and the spread of the ratings."""
        self.require(data)
        log = data.interactions
        values = log.ratings.values.astype(np.float64)
        ctx.report(1.0, "measured")
        bell = {"mean": values.mean(), "spread": values.std(), "low": values.min(), "high": values.max()}
        return Bell(ctx.seed, log.n_items, **{name: float(value) for name, value in bell.items()})

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Bell(**state.meta)


class Bell(Scorer):
    """Scores are normally distributed and a function of seed, customer code and item code."""

    folds_in = False
    basis = Stage.house

    def __init__(self, seed: int, n_items: int, mean: float, spread: float, low: float, high: float) -> None:
        self.seed, self.n_items = seed, n_items
        self.mean, self.spread, self.low, self.high = mean, spread, low, high

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Drawn ratings, not held to the scale."""
        mixed = throws(self.seed, batch.codes, np.arange(self.n_items)[items].ravel())
        chances = ((mixed >> np.uint64(12)).astype(np.float64) + 0.5) / (1 << 52)
        return np.asarray(self.mean + self.spread * ndtri(chances), np.float32)

    def predict(self, batch: UserBatch, owners: Codes, items: Codes) -> Scores:
        """Drawn ratings of these pairs, held within the scale."""
        return np.clip(self.score(batch)[owners, items], self.low, self.high)

    def state(self) -> State:
        """Six numbers."""
        meta: dict[str, Any] = dict(vars(self))
        return State({}, meta)

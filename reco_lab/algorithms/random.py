from typing import ClassVar, Self

import numpy as np

from reco_lab.algorithms._dice import throws
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.recommender import Codes, FitContext, Info, Recommender, Scorer, Scores, State


class Dice(Scorer):
    """Scores from 0 to 1 that look random and are a function of seed, customer code and item code."""

    folds_in = False
    basis = Stage.house

    def __init__(self, seed: int, n_items: int) -> None:
        self.seed, self.n_items = seed, n_items

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """24 bits of a hash of seed, customer and item."""
        mixed = throws(self.seed, batch.codes, np.arange(self.n_items)[items].ravel())
        return (mixed >> np.uint64(40)).astype(np.float32) / np.float32(1 << 24)

    def state(self) -> State:
        """Two numbers."""
        return State({}, {"seed": self.seed, "n_items": self.n_items})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The scorer with this state."""
        return cls(state.meta["seed"], state.meta["n_items"])


class Random(Recommender):
    """Recommends by throwing dice, the same ones for the same seed, customer and item."""

    info: ClassVar[Info] = Info(
        label="Random",
        family="baseline",
        summary="Items drawn by lot: the floor of every chart. What scores no better has learned nothing.",
        paper="Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014 (the hash)",
        seeded=True,
        folds_in=False,
        folds_in_why="Dice look at nobody's history, so changing it changes nothing.",
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Take the seed; nothing is learned."""
        self.require(data)
        ctx.report(1.0, "nothing to learn")
        return Dice(ctx.seed, data.interactions.n_items)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Dice.from_state(state)

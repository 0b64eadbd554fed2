"""Begins with what the recommender believes, and learns how far that holds and which ads draw by themselves."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.learner import CLICKED, DRAWS, SHOWN, Learner, expected, relevance, valued
from reco_lab.core.memory import Floats, Memory, Outcomes, exact
from reco_lab.core.parameters import tunable
from reco_lab.core.policy import PolicyInfo, Seen

LEANINGS, SQUARES, PRODUCTS = "leanings", "squares", "products"
AVERAGE = 0.5


@dataclass(frozen=True, eq=False)
class Belief:
    """The posterior: mean and Cholesky factor of the common coefficients, the deviation of one click."""

    mean: Floats
    factor: Floats
    deviation: float


class LinThompson(Learner):
    """Thompson sampling on a linear model of clicks: common coefficients and an offset for each ad.

    The click rate is c x + (r x) e + u: x the customer's features, r the relevance by the trained
    recommender, u the ad's own offset; c, e and all u are Gaussian and drawn together. It starts warm: e
    begins so that the rate is in proportion to the relevance (an average ad, of relevance .5, at the rate of
    all ads), as if from `trust` places; u begins at 0, as if from `strength` places. So the features tell for
    which customers the recommender is right, u which ads draw.
    """

    info: ClassVar[PolicyInfo] = PolicyInfo(
        "Begins with the recommender",
        "Takes the recommender's ranking to begin with, then learns from clicks for whom it holds and which ads draw more than it says.",
        "Agrawal and Goyal (2013), ICML; Chapelle and Li (2011), NeurIPS",
    )

    trust: float = tunable(
        200.0,
        1.0,
        100_000.0,
        log=True,
        help="how many places it takes before clicks outweigh the recommender",
    )
    strength: float = tunable(
        100.0,
        1.0,
        100_000.0,
        log=True,
        help="how many places an ad is shown before its own clicks outweigh the rest",
    )

    def sums(self, width: int) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
        """Sums of the model's inputs for each ad; their products with themselves and with clicks over all."""
        inputs = 2 * width
        own: dict[str, tuple[int, ...]] = {SHOWN: (), CLICKED: (), LEANINGS: (inputs,)}
        return own, {SQUARES: (inputs, inputs), PRODUCTS: (inputs,)}

    def add(
        self, own: dict[str, Floats], shared: dict[str, Floats], rows: NDArray[np.intp], outcomes: Outcomes
    ) -> None:
        """Add outcomes to the sums."""
        super().add(own, shared, rows, outcomes)
        features = outcomes.features.astype(np.float64)
        inputs = np.hstack((features, outcomes.relevance[:, None] * features))
        looked = self.looked_at(outcomes)
        np.add.at(own[LEANINGS], rows, exact(looked[:, None] * inputs))
        squares = exact(looked[:, None, None] * inputs[:, :, None] * inputs[:, None, :])
        shared[SQUARES] += squares.sum(axis=0)
        shared[PRODUCTS] += exact(outcomes.clicked[:, None] * inputs).sum(axis=0)

    def reach(self, seen: Seen, memory: Memory) -> Floats:
        """Two deviations of the ad's offset above the rate expected."""
        belief = self.once(memory, self._solved)
        offset, deviation = self._offsets(memory, belief, belief.mean[None, :], seen.ads)
        return valued(_common(belief.mean[None, :], seen)[0] + offset[0] + 2 * deviation, seen)

    def draws(self, seen: Seen, memory: Memory, rng: np.random.Generator) -> Floats:
        """Rates under coefficients and offsets drawn together."""
        belief = self.once(memory, self._solved)
        count = len(seen.scores)
        luck = rng.standard_normal((DRAWS, len(belief.mean) + count))
        drawn = belief.mean + luck[:, : len(belief.mean)] @ belief.factor.T
        offset, deviation = self._offsets(memory, belief, drawn, seen.ads)
        return valued(_common(drawn, seen) + offset + luck[:, len(belief.mean) :] * deviation, seen)

    def rates(self, memory: Memory) -> tuple[Floats, Floats]:
        """The rate of an ad of average relevance for a customer of whom nothing is known, and its deviation."""
        belief, count = self.once(memory, self._solved), len(memory.ids) + 1
        seen = Seen(np.full(count, AVERAGE, np.float32))
        offset, deviation = self._offsets(memory, belief, belief.mean[None, :], None)
        return _common(belief.mean[None, :], seen)[0] + offset[0], deviation

    def _offsets(
        self, memory: Memory, belief: Belief, drawn: Floats, ads: NDArray[np.intp] | None
    ) -> tuple[Floats, Floats]:
        """Mean (draws x ads) and deviation of the offsets of ads, given common coefficients."""
        which = slice(None) if ads is None else ads
        weight = memory.own[SHOWN][which] + self.strength
        mean = (memory.own[CLICKED][which] - drawn @ memory.own[LEANINGS][which].T) / weight
        return mean, belief.deviation / np.sqrt(weight)

    def _solved(self, memory: Memory) -> Belief:
        rate = expected(memory)
        leanings, weight = memory.own[LEANINGS], memory.own[SHOWN] + self.strength
        size = leanings.shape[1]
        first = np.zeros(size)
        first[size // 2] = rate / AVERAGE
        precision = (
            memory.shared[SQUARES] + self.trust * np.eye(size) - (leanings / weight[:, None]).T @ leanings
        )
        pull = memory.shared[PRODUCTS] + self.trust * first - leanings.T @ (memory.own[CLICKED] / weight)
        covariance = np.linalg.inv(precision)
        factor = np.asarray(np.linalg.cholesky((covariance + covariance.T) / 2), np.float64)
        deviation = float(np.sqrt(rate * (1 - rate)))
        return Belief(covariance @ pull, deviation * factor, deviation)


def _common(drawn: Floats, seen: Seen) -> Floats:
    """What the common coefficients (draws x inputs) say of the candidates."""
    width = drawn.shape[1] // 2
    customer = np.eye(width)[0] if seen.features is None else seen.features.astype(np.float64)
    base, slope = drawn[:, :width] @ customer, drawn[:, width:] @ customer
    found: Floats = base[:, None] + slope[:, None] * relevance(seen)
    return found

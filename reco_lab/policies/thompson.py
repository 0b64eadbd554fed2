"""Draws what each ad's click rate may be, and shows the best of the draw."""

from typing import ClassVar

import numpy as np

from reco_lab.core.learner import CLICKED, DRAWS, SHOWN, Learner, expected, valued
from reco_lab.core.memory import Floats, Memory
from reco_lab.core.parameters import tunable
from reco_lab.core.policy import PolicyInfo, Seen


class Thompson(Learner):
    """Beta-Bernoulli Thompson sampling on the click rate of each ad.

    Before anybody saw an ad its rate is Beta around the rate of all ads, as if from `strength` places.
    """

    info: ClassVar[PolicyInfo] = PolicyInfo(
        "Tries what may be the best",
        "Shows an ad as often as it is likely to be the best by the clicks so far: new ads are tried, weak ones fade out.",
        "Thompson (1933), Biometrika 25; Chapelle and Li (2011), NeurIPS",
        ranked=False,
    )

    strength: float = tunable(
        20.0,
        1.0,
        10_000.0,
        log=True,
        help="how many places an ad is shown before its own clicks outweigh the average",
    )

    def reach(self, seen: Seen, memory: Memory) -> Floats:
        """Two deviations above the rate expected."""
        return valued(self.once(memory, self._reach)[seen.ads], seen)

    def draws(self, seen: Seen, memory: Memory, rng: np.random.Generator) -> Floats:
        """Click rates drawn from their posterior."""
        clicks, misses = (one[seen.ads] for one in self.once(memory, self._posterior))
        return valued(rng.beta(clicks, misses, (DRAWS, len(clicks))), seen)

    def rates(self, memory: Memory) -> tuple[Floats, Floats]:
        """Mean and deviation of the posterior."""
        clicks, misses = self._posterior(memory)
        total = clicks + misses
        return clicks / total, np.sqrt(clicks * misses / (total + 1)) / total

    def _reach(self, memory: Memory) -> Floats:
        mean, deviation = self.rates(memory)
        return mean + 2 * deviation

    def _posterior(self, memory: Memory) -> tuple[Floats, Floats]:
        rate = expected(memory)
        shown, clicked = memory.own[SHOWN], memory.own[CLICKED]
        misses = np.maximum(shown - clicked, 0.0)
        return clicked + self.strength * rate, misses + self.strength * (1 - rate)

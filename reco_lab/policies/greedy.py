"""Always the best ranked."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.policy import Choice, Policy, PolicyInfo, Scores, best_first


class Greedy(Policy):
    """Takes the best ranked ads in their order, always: nothing is learnt about the others."""

    info: ClassVar[PolicyInfo] = PolicyInfo(
        "Best first",
        "Always shows what the ranking puts first. Earns most if the ranking is right, learns nothing about the rest.",
        "Sutton and Barto (2018), Reinforcement Learning, section 2.2",
    )

    def choose(self, scores: Scores, n: int, rng: np.random.Generator) -> Choice:  # noqa: ARG002 - nothing is left to chance
        """The n best."""
        chosen = best_first(scores, n)
        return Choice.certain(chosen)

    def chances(self, scores: Scores, before: NDArray[np.intp]) -> NDArray[np.float64]:
        """All on the best that is left."""
        left = scores.astype(np.float64)
        left[before] = -np.inf
        chances = np.zeros(len(scores))
        chances[np.argmax(left)] = 1.0
        return chances

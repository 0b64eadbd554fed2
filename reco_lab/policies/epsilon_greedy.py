"""Mostly the best ranked, sometimes any."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.parameters import tunable
from reco_lab.core.policy import Choice, Policy, PolicyInfo, Scores, best_first, nth_left


class EpsilonGreedy(Policy):
    """At each place: with chance `epsilon` any of those left, evenly; else the best ranked of those left."""

    info: ClassVar[PolicyInfo] = PolicyInfo(
        "Best first, with some chance",
        "Shows the best ranked ad, but gives a small, known share of places to any other ad, so that the log tells of them too.",
        "Sutton and Barto (2018), Reinforcement Learning, section 2.2",
    )

    epsilon: float = tunable(0.1, 0.0, 1.0, help="the share of places that are given to chance")

    def choose(self, scores: Scores, n: int, rng: np.random.Generator) -> Choice:
        """Fill the places one after the other."""
        n = min(n, len(scores))
        ranked, draws = best_first(scores, 2 * n), rng.random((2, n))
        chosen: list[int] = []
        propensities = np.empty(n)
        for place in range(n):
            best = next(int(one) for one in ranked if one not in chosen)
            left = len(scores) - place
            one = nth_left(chosen, int(draws[1, place] * left)) if draws[0, place] < self.epsilon else best
            propensities[place] = self.epsilon / left + (1 - self.epsilon) * (one == best)
            chosen.append(one)
        return Choice(np.array(chosen, np.intp), propensities)

    def chances(self, scores: Scores, before: NDArray[np.intp]) -> NDArray[np.float64]:
        """A share for each that is left, the rest on the best of them."""
        left = scores.astype(np.float64)
        left[before] = -np.inf
        chances = np.full(len(scores), self.epsilon / max(len(scores) - len(before), 1))
        chances[before] = 0.0
        chances[np.argmax(left)] += 1 - self.epsilon
        return chances

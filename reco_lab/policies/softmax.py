"""The better ranked, the likelier."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.parameters import tunable
from reco_lab.core.policy import Choice, Policy, PolicyInfo, Scores


class Softmax(Policy):
    """Draws each place with chances in proportion to exp(score / temperature), without those placed before."""

    info: ClassVar[PolicyInfo] = PolicyInfo(
        "The better, the likelier",
        "Every ad has a chance, and the better it is ranked the larger: ads ranked alike share places, weak ads get few.",
        "Luce (1959), Individual Choice Behavior; Sutton and Barto (2018), section 2.8",
    )

    temperature: float = tunable(
        0.1,
        0.001,
        100.0,
        log=True,
        help="how even the chances are: small follows the ranking, large is chance",
    )

    def choose(self, scores: Scores, n: int, rng: np.random.Generator) -> Choice:
        """Fill the places one after the other."""
        n = min(n, len(scores))
        chosen, propensities, luck = np.empty(n, np.intp), np.empty(n), rng.random(n)
        for place in range(n):
            chances = self.chances(scores, chosen[:place])
            sums = np.cumsum(chances)
            last = int(chances.nonzero()[0][-1])
            one = min(int(np.searchsorted(sums, luck[place] * sums[-1], side="right")), last)
            chosen[place], propensities[place] = one, chances[one]
        return Choice(chosen, propensities)

    def chances(self, scores: Scores, before: NDArray[np.intp]) -> NDArray[np.float64]:
        """In proportion to exp(score / temperature) among those left."""
        left = scores.astype(np.float64)
        left[before] = -np.inf
        weights = np.exp((left - left.max()) / self.temperature)
        return np.asarray(weights / weights.sum())

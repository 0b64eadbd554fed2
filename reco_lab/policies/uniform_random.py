"""Every candidate alike."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.policy import Choice, Policy, PolicyInfo, Scores


class UniformRandom(Policy):
    """Draws every place evenly from what is left: the fairest log to learn from, and the dearest."""

    info: ClassVar[PolicyInfo] = PolicyInfo(
        "Evenly by chance",
        "Every ad that may be shown has the same chance. What it logs can judge any other policy; it costs what the ranking is worth.",
        "Horvitz and Thompson (1952), Journal of the American Statistical Association 47",
        ranked=False,
    )

    def choose(self, scores: Scores, n: int, rng: np.random.Generator) -> Choice:
        """N different candidates in random order."""
        n = min(n, len(scores))
        chosen = rng.choice(len(scores), n, replace=False, shuffle=True)
        return Choice(chosen.astype(np.intp), 1.0 / (len(scores) - np.arange(n)))

    def chances(self, scores: Scores, before: NDArray[np.intp]) -> NDArray[np.float64]:
        """The same for all that are left."""
        chances = np.full(len(scores), 1.0 / max(len(scores) - len(before), 1))
        chances[before] = 0.0
        return chances

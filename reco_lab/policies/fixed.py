"""A set order for everybody."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.policy import Choice, Policy, PolicyInfo, Scores


class Fixed(Policy):
    """Places the candidates in their own order, by id, whatever their scores: the control that knows nothing."""

    info: ClassVar[PolicyInfo] = PolicyInfo(
        "The same for everybody",
        "Shows the ads that may be shown in the order of their ids, to everybody alike: a control to measure against.",
        "Kohavi, Tang and Xu (2020), Trustworthy Online Controlled Experiments, chapter 4",
        ranked=False,
    )

    def choose(self, scores: Scores, n: int, rng: np.random.Generator) -> Choice:  # noqa: ARG002 - nothing is left to chance
        """The first n."""
        chosen = np.arange(min(n, len(scores)))
        return Choice.certain(chosen)

    def chances(self, scores: Scores, before: NDArray[np.intp]) -> NDArray[np.float64]:
        """All on the first that is left."""
        chances = np.zeros(len(scores))
        left = np.setdiff1d(np.arange(len(scores)), before)
        chances[left[:1]] = 1.0
        return chances

"""The benefit of the doubt: what an ad may reach with customers like this one."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.learner import CLICKED, SHOWN, Learner, expected, valued
from reco_lab.core.memory import Floats, Memory, Outcomes, exact
from reco_lab.core.parameters import tunable
from reco_lab.core.policy import PolicyInfo, Seen

SQUARES, PRODUCTS = "squares", "products"


class LinUcb(Learner):
    """LinUCB with a model for each ad: ridge regression of clicks on the customer's features, plus `optimism` deviations.

    The regression begins at the click rate of all ads, as if from `strength` places. The deviation is that of the mean
    times the deviation of a click, so that `optimism` means the same at any click rate.
    """

    info: ClassVar[PolicyInfo] = PolicyInfo(
        "Gives the benefit of the doubt",
        "Learns for whom each ad works, and shows the one that may be the best for this customer as far as is known.",
        "Li, Chu, Langford and Schapire (2010), WWW, algorithm 1 (disjoint)",
        ranked=False,
    )

    optimism: float = tunable(
        2.0, 0.0, 10.0, help="how much doubt counts for an ad: 0 follows what is known, more tries more"
    )
    strength: float = tunable(
        10.0,
        0.1,
        10_000.0,
        log=True,
        help="how many places an ad is shown before its own clicks outweigh the average",
    )

    def sums(self, width: int) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
        """Products of the features with themselves and with clicks, for each ad."""
        return {SHOWN: (), CLICKED: (), SQUARES: (width, width), PRODUCTS: (width,)}, {}

    def add(
        self, own: dict[str, Floats], shared: dict[str, Floats], rows: NDArray[np.intp], outcomes: Outcomes
    ) -> None:
        """Add outcomes to the regressions of their ads."""
        super().add(own, shared, rows, outcomes)
        features = outcomes.features.astype(np.float64)
        looked = self.looked_at(outcomes)[:, None, None]
        np.add.at(own[SQUARES], rows, exact(looked * features[:, :, None] * features[:, None, :]))
        np.add.at(own[PRODUCTS], rows, exact(outcomes.clicked[:, None] * features))

    def reach(self, seen: Seen, memory: Memory) -> Floats:
        """The rate expected of this customer, and the benefit of the doubt."""
        means, inverses = self.once(memory, self._solved)
        customer = _features(seen, means.shape[1])
        squared = inverses.reshape(len(inverses), -1) @ np.outer(customer, customer).reshape(-1)
        doubt = np.sqrt(np.maximum(squared, 0.0))
        bound = means @ customer + self.optimism * self.once(memory, _deviation) * doubt
        return valued(bound[seen.ads], seen)

    def draws(self, seen: Seen, memory: Memory, rng: np.random.Generator) -> Floats:  # noqa: ARG002 - nothing is drawn
        """The bound, once."""
        return self.reach(seen, memory)[None, :]

    def rates(self, memory: Memory) -> tuple[Floats, Floats]:
        """The rate for a customer of whom nothing is known, and its deviation."""
        means, inverses = self.once(memory, self._solved)
        return means[:, 0], _deviation(memory) * np.sqrt(inverses[:, 0, 0])

    def _solved(self, memory: Memory) -> tuple[Floats, Floats]:
        count, width = memory.own[PRODUCTS].shape
        ridge = self.strength * np.eye(width)
        inverses = np.broadcast_to(np.eye(width) / self.strength, (count, width, width)).copy()
        means = np.zeros((count, width))
        means[:, 0] = rate = expected(memory)
        heard = np.flatnonzero(memory.own[SHOWN] + memory.own[CLICKED])
        inverses[heard] = np.linalg.inv(memory.own[SQUARES][heard] + ridge)
        pull = memory.own[PRODUCTS][heard] + self.strength * rate * np.eye(width)[0]
        means[heard] = (inverses[heard] @ pull[:, :, None])[:, :, 0]
        return means, inverses


def _features(seen: Seen, width: int) -> Floats:
    """What is known of the customer; nothing but the constant where that is nothing."""
    return np.eye(width)[0] if seen.features is None else seen.features.astype(np.float64)


def _deviation(memory: Memory) -> float:
    """The deviation of one click."""
    rate = expected(memory)
    return float(np.sqrt(rate * (1 - rate)))

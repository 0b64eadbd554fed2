"""Who decides what the shop window shows."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reco_lab.simulation.catalogue import Codes, Floats


@dataclass(frozen=True, eq=False)
class Shown:
    """A window for each visitor: `items` visitors x slots (-1: left empty), `propensities` their chances.

    A propensity is the chance that the policy puts this item into this slot, given the slots before it.
    """

    items: Codes
    propensities: Floats


@dataclass(frozen=True, eq=False)
class Feedback:
    """What came of a day: the window of each visitor, and per slot whether it was opened and bought."""

    day: int
    visitors: Codes
    shown: Shown
    opened: NDArray[np.bool_]
    bought: NDArray[np.bool_]


class Policy(Protocol):
    """Anything that fills shop windows. It is immutable: learning gives the policy of the next day."""

    def choose(
        self, visitors: Codes, candidates: Codes, slots: int, day: int, rng: np.random.Generator
    ) -> Shown:
        """Different items for each visitor (codes), taken from the candidates (item codes)."""
        ...

    def chances(self, visitors: Codes, candidates: Codes, attention: Floats, day: int) -> Floats:
        """The chance that each visitor notices each candidate, given the attention each slot gets.

        Shape visitors x candidates, or 1 x candidates where all are treated alike. It must be what
        `choose` does, exactly: the truth of the shop is computed from it.
        """
        ...

    def learn(self, feedback: Feedback) -> "Policy":
        """The policy after a day."""
        ...


@dataclass(frozen=True, eq=False)
class PopularWindow:
    """Shows what sold well, with a share of chance.

    The candidates are dealt by sales into as many piles as there are slots, the best on top of each. Every
    slot draws from its own pile: evenly with chance `exploration`, else in proportion to sales. With chance
    `exploration` the piles are turned by a random number of slots, so that no item owns a position.
    `sales` fade by `memory` a day.
    """

    sales: Floats
    exploration: float = 0.3
    memory: float = 0.98

    def choose(
        self,
        visitors: Codes,
        candidates: Codes,
        slots: int,
        day: int,  # noqa: ARG002 - this policy treats all days alike
        rng: np.random.Generator,
    ) -> Shown:
        """Draw a window for each visitor."""
        n, slots = len(visitors), min(slots, len(candidates))
        turns = np.where(rng.random(n) < self.exploration, (rng.random(n) * slots).astype(np.int64), 0)
        first = np.where(turns == 0, 1 - self.exploration, 0.0) + self.exploration / slots
        items, propensities = np.empty((n, slots), np.int64), np.empty((n, slots))
        for pile, (members, shares) in enumerate(self._piles(candidates, slots)):
            drawn = np.searchsorted(np.cumsum(shares)[:-1], rng.random(n), side="right")
            slot = (pile + turns) % slots
            items[np.arange(n), slot] = members[drawn]
            propensities[np.arange(n), slot] = shares[drawn]
        propensities[:, 0] *= first
        return Shown(items, propensities)

    def chances(
        self,
        visitors: Codes,  # noqa: ARG002 - this policy treats all visitors alike
        candidates: Codes,
        attention: Floats,
        day: int,  # noqa: ARG002 - and all days
    ) -> Floats:
        """The exact chance of being noticed: draw from the pile times attention of the pile's slot."""
        slots = min(len(attention), len(candidates))
        turned = (1 - self.exploration) * attention[:slots] + self.exploration * attention[:slots].mean()
        chances = np.zeros(len(self.sales))
        for pile, (members, shares) in enumerate(self._piles(candidates, slots)):
            chances[members] = shares * turned[pile]
        return chances[None, candidates]

    def learn(self, feedback: Feedback) -> "PopularWindow":
        """Count what was bought and, for a tenth, what was opened."""
        worth = feedback.bought + 0.1 * feedback.opened
        filled = feedback.shown.items >= 0
        gained = np.bincount(feedback.shown.items[filled], worth[filled], minlength=len(self.sales))
        return replace(self, sales=self.memory * self.sales + gained)

    def _piles(self, candidates: Codes, slots: int) -> list[tuple[Codes, Floats]]:
        ranked = candidates[np.lexsort((candidates, -self.sales[candidates]))]
        return [(pile := ranked[slot::slots], self._shares(pile)) for slot in range(slots)]

    def _shares(self, pile: Codes) -> Floats:
        sales = self.sales[pile] + 0.05
        shares: Floats = (1 - self.exploration) * sales / sales.sum() + self.exploration / len(pile)
        return shares

"""What was clicked lately."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.learner import CLICKED, SHOWN, Learner, expected, valued
from reco_lab.core.memory import Floats, Memory, Outcomes
from reco_lab.core.parameters import tunable
from reco_lab.core.policy import PolicyInfo, Seen

DAY = 86_400 * 1e6
REFERENCE, LATEST = "reference", "latest"


class Popularity(Learner):
    """The ad with the best recent click rate, where a place counts half as much after each half-life.

    Sums are weighed as at a moment of reference, a whole number of half-lives after 1970: the last one that
    began before the latest decision known, so that bringing them to a later one loses nothing. Rates are
    those at the latest decision.
    """

    info: ClassVar[PolicyInfo] = PolicyInfo(
        "What is clicked lately",
        "Shows the ads with the best click rate of the last days to everybody, and forgets what is long ago.",
        "Koren (2010), Communications of the ACM 53(4); Sutton and Barto (2018), section 2.5",
        ranked=False,
    )
    remembers: ClassVar[tuple[str, ...]] = ("attention", "half_life")

    half_life: float = tunable(
        7.0,
        0.01,
        365.0,
        log=True,
        help="days after which a click counts half as much: small learns fast and forgets fast",
    )
    strength: float = tunable(
        50.0,
        1.0,
        10_000.0,
        log=True,
        help="how many places an ad is shown before its own clicks outweigh the average",
    )

    def sums(self, width: int) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:  # noqa: ARG002 - looks at no customer
        """Places and clicks, the half-life they are weighed at, and that of the latest decision."""
        return {SHOWN: (), CLICKED: ()}, {REFERENCE: (), LATEST: ()}

    def add(
        self, own: dict[str, Floats], shared: dict[str, Floats], rows: NDArray[np.intp], outcomes: Outcomes
    ) -> None:
        """Bring the sums to the later reference, and add outcomes as they weigh there."""
        ages = outcomes.at / (self.half_life * DAY)
        before = float(shared[REFERENCE])
        reference = max(before, float(np.floor(ages.max())))
        weights = np.exp2(ages - reference)
        for name, values in ((SHOWN, self.looked_at(outcomes)), (CLICKED, outcomes.clicked)):
            own[name] *= np.exp2(before - reference)
            own[name] += np.bincount(rows, values * weights, len(own[name]))
        shared[REFERENCE] = np.array(reference)
        shared[LATEST] = np.maximum(shared[LATEST], ages.max())

    def reach(self, seen: Seen, memory: Memory) -> Floats:
        """The rate expected."""
        return valued(self.once(memory, self.rates)[0][seen.ads], seen)

    def draws(self, seen: Seen, memory: Memory, rng: np.random.Generator) -> Floats:  # noqa: ARG002 - nothing is drawn
        """The rate expected, once."""
        return self.reach(seen, memory)[None, :]

    def rates(self, memory: Memory) -> tuple[Floats, Floats]:
        """The recent rate, drawn towards that of all ads, and its deviation."""
        faded = float(np.exp2(memory.shared[REFERENCE] - memory.shared[LATEST]))
        shown, clicked = faded * memory.own[SHOWN], faded * memory.own[CLICKED]
        weight = np.maximum(shown, clicked) + self.strength
        rate = (clicked + self.strength * expected(memory, faded)) / weight
        return rate, np.sqrt(np.maximum(rate * (1 - rate), 0.0) / weight)

"""What policies lose while they learn, in a shop whose true click chances are known."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.learner import WIDTH, Learner
from reco_lab.core.memory import Floats, Outcomes
from reco_lab.core.policy import Policy, Seen
from reco_lab.simulation.spec import Shop
from reco_lab.simulation.world import World

FOLD_EVERY = 20
SECOND = 10**6
NOISE = 0.5


@dataclass(frozen=True, eq=False)
class Contest:
    """One place, filled for one customer after the other: true click chances, and what a policy is told, customers x ads.

    `relevance` is the rank (0 to 1) of the promoted item by a recommender that knows what customers like, not
    quite, and nothing of how an ad draws by itself.
    """

    ids: tuple[str, ...]
    chances: Floats
    relevance: NDArray[np.float32]
    features: NDArray[np.float32]

    @classmethod
    def of(cls, ads: int = 10, customers: int = 1000, seed: int = 1) -> Self:
        """A contest in a simulated shop, where customers differ."""
        world = World.build(Shop(seed=seed, customers=customers, ads=ads))
        everybody = np.flatnonzero(~world.people.robot)
        chances, rng = world.ad_click_probability(everybody), np.random.default_rng(seed)
        liking = world.liking(everybody, world.ads.promoted) + NOISE * rng.standard_normal(chances.shape)
        relevance = (liking.argsort(axis=1).argsort(axis=1) + 0.5) / ads
        features = np.hstack((np.ones((len(everybody), 1)), world.people.taste[everybody][:, : WIDTH - 1]))
        wide = np.zeros((len(everybody), WIDTH), np.float32)
        wide[:, : features.shape[1]] = features
        return cls(tuple(map(str, world.ads.table.index)), chances, relevance.astype(np.float32), wide)

    def alike(self) -> Self:
        """The same ads where all customers are alike; the ranking is right but for the two best, which it mixes up."""
        means, count = self.chances.mean(axis=0), len(self.chances)
        ranks = means.argsort().argsort()
        best = ranks >= len(ranks) - 2
        ranks[best] = ranks[best][::-1]
        relevance = np.tile(((ranks + 0.5) / len(ranks)).astype(np.float32), (count, 1))
        features = np.tile(np.eye(1, WIDTH, dtype=np.float32), (count, 1))
        return type(self)(self.ids, np.tile(means, (count, 1)), relevance, features)

    @property
    def mean_gap(self) -> float:
        """What a place loses that is filled evenly by chance."""
        return float((self.chances.max(axis=1) - self.chances.mean(axis=1)).mean())

    def regret(self, policy: Policy, steps: int, seed: int, *, practice: int = 0) -> Floats:
        """The clicks lost by each step, in all: the best true chance less that of the ad shown.

        What came of decisions is folded every FOLD_EVERY steps, as in the service some moments pass. A learner has seen
        `practice` places before that were filled evenly.
        """
        rng, learns = np.random.default_rng(seed), isinstance(policy, Learner)
        memory = policy.nothing().over(self.ids) if isinstance(policy, Learner) else None
        rows = np.arange(len(self.ids))
        if isinstance(policy, Learner) and memory and practice:
            some, any_ad = rng.integers(0, len(self.chances), practice), rng.integers(0, len(rows), practice)
            memory = policy.fold(memory, self._outcomes(some, any_ad, rng.random(practice), 0))
        who = rng.integers(0, len(self.chances), steps)
        luck, shown = rng.random(steps), np.zeros(steps, np.intp)
        for step, customer in enumerate(who):
            seen = Seen(self.relevance[customer], rows if learns else None, self.features[customer])
            shown[step] = policy.place(seen, 1, rng, memory).chosen[0]
            if isinstance(policy, Learner) and memory and step % FOLD_EVERY == FOLD_EVERY - 1:
                last = slice(step - FOLD_EVERY + 1, step + 1)
                memory = policy.fold(memory, self._outcomes(who[last], shown[last], luck[last], step))
        lost = self.chances[who].max(axis=1) - self.chances[who, shown]
        return np.cumsum(lost)

    def _outcomes(self, who: NDArray[np.int64], shown: NDArray[np.intp], luck: Floats, step: int) -> Outcomes:
        clicked = (luck < self.chances[who, shown]).astype(np.float64)
        return Outcomes(
            ads=tuple(self.ids[one] for one in shown),
            places=np.zeros(len(who), np.int64),
            shown=np.ones(len(who)),
            clicked=clicked,
            relevance=self.relevance[who, shown].astype(np.float64),
            at=np.full(len(who), 1_700_000_000 * SECOND + step * SECOND),
            features=self.features[who],
        )


def exponent(regret: Floats) -> float:
    """The power of time that regret grows with over its last three quarters: 1 is linear, below it something is learnt."""
    steps = np.geomspace(len(regret) / 4, len(regret) - 1, 40).astype(int)
    return float(np.polyfit(np.log(steps + 1), np.log(regret[steps]), 1)[0])

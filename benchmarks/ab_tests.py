"""Does an A/B test keep its promises, looked at every day? python benchmarks/ab_tests.py [--tests 2000] [--customers 2000]

A simulated shop whose truth is known: how often each customer comes and her true chance to click each ad,
worked out and not estimated. For 30 days customers come back, see four ads a visit and click by their own
chances, so that what one customer does hangs together. Each test tells them apart as the product does and is
judged as the product judges it, on each of the days: how often is a difference seen where there is none, how
often are the shares of the arms suspected, how often is the planted lift seen at the planned size, and how
often do the intervals of all days hold the truth together?
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from reco_lab.core.ab_test import AbTest, Arm  # noqa: E402 - the line above lets the checkout be found
from reco_lab.experiments.lift import Lifts, lifts, linearised  # noqa: E402 - likewise
from reco_lab.experiments.power import Usual, detectable, needed  # noqa: E402 - likewise
from reco_lab.experiments.sample_ratio import SUSPICIOUS, sample_ratio  # noqa: E402 - likewise
from reco_lab.experiments.sequential import Tally, ahead, level_at_last  # noqa: E402 - likewise
from reco_lab.simulation.spec import Shop  # noqa: E402 - likewise
from reco_lab.simulation.world import World  # noqa: E402 - likewise

Floats = NDArray[np.float64]
DAYS, BEFORE, ADS = 30, 28, 4
START = 200
CHANCE = 0.05


@dataclass(frozen=True, eq=False)
class Crowd:
    """Each customer's chance to come on each day (days x customers), and to click an ad that she sees."""

    comes: Floats
    clicks: Floats

    def days(self, rng: np.random.Generator, lift: Floats | float = 0.0) -> tuple[Floats, Floats]:
        """Clicks and ads shown until the end of each day (days x customers)."""
        shown = ADS * (rng.random(self.comes.shape) < self.comes)
        clicks = rng.binomial(shown, np.minimum(self.clicks * (1 + lift), 1.0))
        return clicks.cumsum(axis=0, dtype=float), shown.cumsum(axis=0, dtype=float)


@dataclass(frozen=True)
class Score:
    """Shares of the tests: a difference seen, by a plain interval as well, all days' intervals right, arms suspected."""

    seen: float
    plain: float
    held: float
    held_at_last: float
    suspected: float


def crowd(customers: int, seed: int = 0) -> tuple[Crowd, Crowd]:
    """The customers in the days before the test and in those of it."""
    world = World.build(Shop(customers=customers, seed=seed))
    here = np.flatnonzero((world.people.joined <= START) & ~world.people.robot)
    chance = world.ad_click_probability(here)
    best = -np.sort(-chance, axis=1)[:, :ADS].mean(axis=1)
    comes = np.array([world.visit_chance(START + day)[here] for day in range(-BEFORE, DAYS)])
    return Crowd(comes[:BEFORE], best), Crowd(comes[BEFORE:], best)


def judged(
    crowds: tuple[Crowd, Crowd],
    lift: float,
    tests: int,
    rng: np.random.Generator,
    *,
    smallest: float,
    history: bool,
) -> Score:
    """Run many tests of a control and an arm with this true lift."""
    names = np.char.mod("c%d", np.arange(crowds[1].comes.shape[1]))
    rows = []
    for number in range(tests):
        test = AbTest(
            id=f"{number}-{rng.integers(1 << 30)}"[:16],
            arms=(Arm(name="A", share=0.5), Arm(name="B", share=0.5)),
        )
        split = test.split
        in_b = np.array([split.place(name) == 1 for name in names])
        known = None
        if history:
            clicks, shown = (one[-1] for one in crowds[0].days(rng))
            known = np.broadcast_to(clicks - clicks.sum() / shown.sum() * shown, crowds[1].comes.shape)
        clicks, shown = crowds[1].days(rng, lift * in_b)
        arms = [
            Tally.of(
                clicks[:, who], shown[:, who], None if known is None else known[:, who], shown[:, who] > 0
            )
            for who in (in_b, ~in_b)
        ]
        rows.append(_row(arms[0], arms[1], lift, smallest))
    return Score(*np.mean(rows, axis=0))


def _row(arm: Tally, control: Tally, lift: float, smallest: float) -> list[float]:
    found: Lifts = ahead(arm, control, smallest)
    plain = lifts(arm.moments(), control.moments())
    told = np.isfinite(found.relative_low)
    right = (found.relative_low <= lift) & (lift <= found.relative_high)
    counts = np.stack((control.customers, arm.customers), axis=-1).astype(np.int64)
    suspected = sample_ratio(counts, np.array([0.5, 0.5]))[-1] < SUSPICIOUS
    return [
        float((found.p < CHANCE).any()),
        float((plain.p < CHANCE).any()),
        float(right[told].all()),
        float(plain.relative_low[-1] <= lift <= plain.relative_high[-1]),
        float(suspected),
    ]


def usual(crowds: tuple[Crowd, Crowd], rng: np.random.Generator) -> Usual:
    """What a customer does in as many days, as the planner learns it from the log."""
    clicks, shown = (one[-1] for one in crowds[1].days(rng))
    came = shown > 0
    return Usual.of(linearised(clicks[came], shown[came]), None, yes_or_no=False)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=2000)
    parser.add_argument("--customers", type=int, default=2000)
    given = parser.parse_args()
    rng = np.random.default_rng(11)
    crowds = crowd(given.customers)
    known, level = usual(crowds, rng), level_at_last()
    lift = detectable(known, known.customers / 2, known.customers / 2, level=level)
    size = needed(known, lift, 0.5, level=level).customers
    print(f"{given.tests} tests of {known.customers} customers who come in {DAYS} days, looked at every day")
    print(f"planned: {size} customers for a lift of {lift:.1%}, seen with 80% power")
    print("true lift  history   seen  plain interval  all days held  last day plain  shares suspected")
    for true in (0.0, lift):
        for history in (False, True):
            one = judged(crowds, true, given.tests, rng, smallest=lift, history=history)
            print(
                f"{true:9.1%}  {history!s:7} {one.seen:6.2%} {one.plain:15.2%} {one.held:14.2%} {one.held_at_last:15.2%}"
                f" {one.suspected:17.2%}"
            )


if __name__ == "__main__":
    main()

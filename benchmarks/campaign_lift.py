"""Does the lift of a campaign keep its promises? python benchmarks/campaign_lift.py [--campaigns 2000] [--customers 2000]

A simulated shop whose truth is known: every customer's chance to buy each item in the test period is computed, not
estimated. A campaign shows each customer eight items and raises their hazard. Outcomes are drawn from these chances,
customers are drawn from the shop, and each campaign is judged as the product judges it: how often does the 95 %
interval hold the planted lift, how often is a lift seen where there is none, and how often is the planned size enough?
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from reco_lab.core.interactions import Kind  # noqa: E402 - the line above lets the checkout be found
from reco_lab.experiments.lift import Moments, lifts  # noqa: E402 - likewise
from reco_lab.experiments.power import Usual, needed  # noqa: E402 - likewise
from reco_lab.simulation.shop import simulate  # noqa: E402 - likewise
from reco_lab.simulation.spec import Shop  # noqa: E402 - likewise

Floats = NDArray[np.float64]
SHOWN = 8
DRAWS = 200
HAZARD = 1.3
CONTROL = 0.2
CUSTOMERS = 4000
CELLS = 2_000_000
OUTCOMES = ("conversion", "revenue")


@dataclass(frozen=True, eq=False)
class World:
    """What each customer of the shop may do, DRAWS times, with and without the campaign; and what she did before."""

    treated: dict[str, Floats]
    control: dict[str, Floats]
    before: dict[str, Floats]

    def truth(self, outcome: str, *, planted: bool) -> tuple[float, float]:
        """The planted difference of the means, and that difference by the control's mean."""
        up = (self.treated if planted else self.control)[outcome].mean()
        down = self.control[outcome].mean()
        return float(up - down), float(up / down - 1)


@dataclass(frozen=True)
class Score:
    """How often the intervals held the truth, and how often a lift was seen."""

    outcome: str
    history: bool
    planted: bool
    lift: float
    absolute: float
    relative: float
    seen: float


def build(customers: int, seed: int = 0) -> World:
    """Simulate the shop and draw what its customers do in the test period."""
    shop = simulate(Shop(customers=customers, seed=seed))
    spec, price = shop.world.spec, shop.world.catalogue.table["price"].to_numpy()
    chance = np.clip(shop.truth(), 0, 1)
    rng = np.random.default_rng([seed, 1])
    best = np.argsort(-chance, axis=1)[:, :SHOWN]
    raised = chance.copy()
    hit = np.take_along_axis(chance, best, axis=1)
    np.put_along_axis(raised, best, 1 - (1 - hit) ** HAZARD, axis=1)
    log = shop.log
    last = log[
        (log["kind"] == Kind.purchase)
        & (log["time"] >= spec.moment(spec.cut - spec.test_days))
        & (log["time"] < spec.moment(spec.cut))
    ]
    money = np.bincount(last["customer"], price[last["item"]], minlength=len(chance)).astype(float)
    before = {"conversion": (money > 0).astype(float), "revenue": money}
    return World(_bank(raised, price, rng), _bank(chance, price, rng), before)


def _bank(chance: Floats, price: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    """DRAWS outcomes of each customer."""
    revenue = np.empty((len(chance), DRAWS))
    for draw in range(DRAWS):
        revenue[:, draw] = (rng.random(chance.shape) < chance) @ price
    return {"conversion": (revenue > 0).astype(float), "revenue": revenue}


def campaigns(
    world: World,
    outcome: str,
    sizes: tuple[int, int],
    number: int,
    rng: np.random.Generator,
    *,
    planted: bool,
) -> Iterator[tuple[tuple[Floats, Floats], tuple[Floats, Floats]]]:
    """Outcomes and history of the customers of many campaigns, in blocks: (treated, before), (control, before)."""
    block = max(1, CELLS // sum(sizes))
    customers = len(world.before[outcome])
    for start in range(0, number, block):
        count = min(block, number - start)
        groups = []
        for size, bank in zip(
            sizes, (world.treated if planted else world.control, world.control), strict=True
        ):
            who = rng.integers(0, customers, (count, size))
            groups.append((bank[outcome][who, rng.integers(0, DRAWS, who.shape)], world.before[outcome][who]))
        yield groups[0], groups[1]


def judged(
    world: World,
    outcome: str,
    sizes: tuple[int, int],
    number: int,
    rng: np.random.Generator,
    *,
    planted: bool,
    history: bool,
) -> Score:
    """Judge many campaigns as the product does."""
    absolute, relative = world.truth(outcome, planted=planted)
    held, held_ratio, seen = [], [], []
    for groups in campaigns(world, outcome, sizes, number, rng, planted=planted):
        found = lifts(
            *(
                Moments.of(after, before if history else None, yes_or_no=outcome == "conversion")
                for after, before in groups
            )
        )
        held.append((found.low <= absolute) & (absolute <= found.high))
        held_ratio.append((found.relative_low <= relative) & (relative <= found.relative_high))
        seen.append(found.p < 0.05)
    rates = [float(np.concatenate(one).mean()) for one in (held, held_ratio, seen)]
    return Score(outcome, history, planted, relative, *rates)


def planned(
    world: World, outcome: str, number: int, rng: np.random.Generator, *, history: bool
) -> tuple[int, float]:
    """The size that is planned for the planted lift, and how often a campaign of that size sees it."""
    draws = world.control[outcome]
    before = np.repeat(world.before[outcome][:, None], DRAWS, axis=1)
    usual = Usual.of(draws.ravel(), before.ravel() if history else None, yes_or_no=outcome == "conversion")
    need = needed(usual, world.truth(outcome, planted=True)[1], CONTROL)
    score = judged(world, outcome, (need.treated, need.control), number, rng, planted=True, history=history)
    return need.customers, score.seen


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=2000)
    parser.add_argument("--customers", type=int, default=2000)
    given = parser.parse_args()
    world, rng = build(given.customers), np.random.default_rng(7)
    sizes = (round(CUSTOMERS * (1 - CONTROL)), round(CUSTOMERS * CONTROL))
    print(f"{given.campaigns} campaigns of {sizes[0]} + {sizes[1]} customers")
    print("outcome     history  planted lift   held abs.  held rel.  seen")
    for outcome in OUTCOMES:
        for history in (False, True):
            for planted in (True, False):
                one = judged(world, outcome, sizes, given.campaigns, rng, planted=planted, history=history)
                print(
                    f"{outcome:11} {history!s:8} {one.lift:12.1%} {one.absolute:11.2%} {one.relative:10.2%} {one.seen:6.2%}"
                )
    print("\nplanned for 80 % power: customers, lift seen")
    for outcome in OUTCOMES:
        for history in (False, True):
            size, seen = planned(world, outcome, given.campaigns, rng, history=history)
            print(f"{outcome:11} history {history!s:6} {size:9,} {seen:7.2%}")


if __name__ == "__main__":
    main()

"""A simulated shop: days that pass, the log they leave, and the truth behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from reco_lab.core.clock import ManualClock
from reco_lab.core.progress import Report
from reco_lab.simulation.catalogue import Codes, Floats
from reco_lab.simulation.owned import Owned
from reco_lab.simulation.policy import Policy, PopularWindow
from reco_lab.simulation.spec import Shop
from reco_lab.simulation.truth import purchase_probability
from reco_lab.simulation.visits import Day, live
from reco_lab.simulation.world import World

CANONICAL = ["customer", "time", "item", "kind", "value"]


@dataclass(frozen=True, eq=False)
class State:
    """Where a shop stands at the beginning of a day: what is owned and the policy in charge."""

    day: int
    owned: Owned
    policy: Policy


@dataclass(frozen=True, eq=False)
class SimulatedShop:
    """What came of a shop.

    `log` holds the events in canonical order: customer and item as codes into the tables of `world`, kind
    (codes of `Kind`), value (stars for a rating, else 1) and time. `at_cut` is the state from which the
    test period followed.
    """

    world: World
    log: pd.DataFrame
    at_cut: State

    def truth(self, customers: Codes | None = None) -> Floats:
        """The chance that each customer buys each item in the test period: customers x items, exact."""
        world, state = self.world, self.at_cut
        chosen = np.arange(len(world.people)) if customers is None else customers
        blocks = [
            purchase_probability(world, state.policy, state.owned, state.day, world.spec.days, block)
            for block in world.blocks(chosen)
        ]
        return np.concatenate(blocks)


def simulate(
    spec: Shop,
    *,
    clock: ManualClock | None = None,
    policy: Policy | None = None,
    report: Report | None = None,
) -> SimulatedShop:
    """Run a shop from its opening to its last day.

    The policy (default: popular items with a share of chance) learns every day until the test period, in
    which it stays as it is. The clock is moved to the midnight of each day as it begins. `report` is told
    the share of days that have passed.
    """
    world, clock = World.build(spec), clock or ManualClock(spec.opening)
    state = State(0, Owned.nothing(spec.items), policy or PopularWindow(np.zeros(spec.items)))
    events, at_cut = [], state
    for until, learning in ((spec.cut, True), (spec.days, False)):
        at_cut = state
        for day, after in walk(world, at_cut, until, clock=clock, learning=learning):
            events.append(day.events)
            state = after
            if report is not None:
                report(state.day / spec.days, f"Day {state.day} of {spec.days}")
    log = pd.concat(events, ignore_index=True)
    log = log[log["time"] < spec.moment(spec.days)]
    return SimulatedShop(world, log.sort_values(CANONICAL, ignore_index=True), at_cut)


def walk(
    world: World, state: State, until: int, *, clock: ManualClock, learning: bool = True
) -> Iterator[tuple[Day, State]]:
    """Let the days pass one by one, from the state's to the one before `until`: each with the state after it."""
    for number in range(state.day, until):
        clock.at = world.spec.opening + timedelta(days=number)
        day = live(world, state.policy, state.owned, number)
        policy = state.policy.learn(day.feedback) if learning else state.policy
        state = State(number + 1, day.owned, policy)
        yield day, state

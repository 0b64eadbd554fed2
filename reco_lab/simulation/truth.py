"""Who will buy what: not estimated but computed, from the same chances that the simulation draws from."""

import numpy as np

from reco_lab.simulation.catalogue import Codes, Floats
from reco_lab.simulation.owned import Owned
from reco_lab.simulation.policy import Policy
from reco_lab.simulation.world import World


def purchase_probability(
    world: World, policy: Policy, owned: Owned, first: int, last: int, customers: Codes
) -> Floats:
    """The chance that each customer buys each item at least once from day `first` to the day before `last`.

    Shape customers x items. Exact, given what is owned at the beginning of `first` and a policy that learns
    nothing meanwhile. For an item not yet owned, a visit brings no purchase with the chance (1 - noticed *
    opened * bought) * exp(-searches * bought): the window is a single trial and searches are a thinned
    Poisson number. For an owned one only restocking counts. Visits of different days are independent, so a
    period without a purchase is the product over its days.
    """
    people, liking = world.people, world.liking(customers)
    buy = world.cart_chance(customers[:, None], slice(None), liking) * people.resolve[customers, None]
    window = world.click_chance(liking) * buy
    likes = np.exp(liking)
    search = likes * buy * people.curiosity[customers, None]
    rows, items, since = owned.of(customers)
    log_none, log_no_restock = np.zeros(liking.shape), np.zeros(len(rows))
    for day in range(first, last):
        visit, pull = world.visit_chance(day)[customers], world.pull(day)
        on_sale = np.flatnonzero(world.on_sale(day))
        chances = policy.chances(customers, on_sale, world.attention, day)
        noticed = np.zeros((len(chances), len(world.catalogue)))
        noticed[:, on_sale] = chances
        none = (1 - noticed * window) * np.exp(-search * (pull / (likes @ pull)[:, None]))
        log_none += np.log1p(-visit[:, None] * (1 - none))
        log_no_restock += np.log1p(-visit[rows] * world.restock_chance(items, day - since))
    log_none[rows, items] = log_no_restock
    return -np.expm1(log_none)

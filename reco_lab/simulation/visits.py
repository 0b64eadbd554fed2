"""One day of the shop: who comes, what they see, open, put into the cart, buy and rate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.interactions import Kind
from reco_lab.simulation.catalogue import Codes, Floats
from reco_lab.simulation.owned import Owned
from reco_lab.simulation.policy import Feedback, Policy, Shown
from reco_lab.simulation.world import World

VISITS_STREAM, ROBOTS_STREAM = 3, 4
RATED = 0.3
ROBOT_DAYS, ROBOT_VIEWS = 0.35, 14.0
HOUR = 3600


@dataclass(frozen=True, eq=False)
class Looks:
    """Items that were opened on a day, one row each: the visit, customer, item, slot (-1: own search) and what followed."""

    visit: Codes
    customer: Codes
    item: Codes
    slot: Codes
    liking: Floats
    carted: NDArray[np.bool_]
    paid: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Day:
    """What a day brought: `events` (customer, item, kind, value, time as codes), the feedback, and what is owned after it."""

    number: int
    events: pd.DataFrame
    feedback: Feedback
    owned: Owned


def live(world: World, policy: Policy, owned: Owned, day: int) -> Day:
    """Let a day happen. Everything is drawn from the shop's generator for this day."""
    rng = world.spec.rng(VISITS_STREAM, day)
    came = np.flatnonzero(rng.random(len(world.people)) < world.visit_chance(day))
    parts = [_visit(world, policy, owned, day, block, rng) for block in world.blocks(came)]
    events = [_events(world, looks, day, rng) for looks, _ in parts]
    bought = [looks for looks, _ in parts]
    if parts:
        owned = owned.after(
            np.concatenate([looks.customer[looks.paid] for looks in bought]),
            np.concatenate([looks.item[looks.paid] for looks in bought]),
            day,
        )
    events.append(_robots(world, day))
    return Day(day, pd.concat(events, ignore_index=True), _feedback(world, day, came, parts), owned)


def _visit(
    world: World, policy: Policy, owned: Owned, day: int, visitors: Codes, rng: np.random.Generator
) -> tuple[Looks, Shown]:
    liking = world.liking(visitors)
    shown = policy.choose(visitors, np.flatnonzero(world.on_sale(day)), world.spec.slots, day, rng)
    noticed = rng.random(shown.items.shape) < world.attention[: shown.items.shape[1]]
    likes = np.take_along_axis(liking, np.maximum(shown.items, 0), axis=1)
    opened = noticed & (shown.items >= 0) & (rng.random(likes.shape) < world.click_chance(likes))
    rows, slots = np.nonzero(opened)
    own_rows, own_items = _search(world, day, visitors, liking, rng)
    rows, items = np.append(rows, own_rows), np.append(shown.items[opened], own_items)
    slots = np.append(slots, np.full(len(own_rows), -1))
    likes = liking[rows, items]
    customers = visitors[rows]
    wants = rng.random(len(rows)) < world.cart_chance(customers, items, likes)
    carted = wants & ~owned.has(customers, items)
    paid = carted & (rng.random(len(rows)) < world.people.resolve[customers])
    again_rows, again_items = _restock(world, owned, day, visitors, rng)
    sure = np.ones(len(again_rows), bool)
    return Looks(
        np.append(rows, again_rows),
        np.append(customers, visitors[again_rows]),
        np.append(items, again_items),
        np.append(slots, np.full(len(again_rows), -1)),
        np.append(likes, liking[again_rows, again_items]),
        np.append(carted, sure),
        np.append(_first_of_each(rows * len(world.catalogue) + items, paid), sure),
    ), shown


def _search(
    world: World, day: int, visitors: Codes, liking: Floats, rng: np.random.Generator
) -> tuple[Codes, Codes]:
    """What visitors look up by themselves: a Poisson number each, drawn by liking and by the calendar."""
    wanted = np.cumsum(np.exp(liking) * world.pull(day), axis=1)
    wanted /= wanted[:, -1:]
    rows = np.repeat(np.arange(len(visitors)), rng.poisson(world.people.curiosity[visitors]))
    place = np.searchsorted(
        (wanted + np.arange(len(visitors))[:, None]).ravel(), rows + rng.random(len(rows))
    )
    return rows, place - rows * liking.shape[1]


def _restock(
    world: World, owned: Owned, day: int, visitors: Codes, rng: np.random.Generator
) -> tuple[Codes, Codes]:
    rows, items, last = owned.of(visitors)
    again = rng.random(len(rows)) < world.restock_chance(items, day - last)
    return rows[again], items[again]


def _first_of_each(keys: Codes, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The chosen rows, but of rows with the same key only the first: nobody buys the same thing twice in a visit."""
    places = np.flatnonzero(chosen)
    first = np.zeros(len(keys), bool)
    first[places[np.unique(keys[places], return_index=True)[1]]] = True
    return first


def _events(world: World, looks: Looks, day: int, rng: np.random.Generator) -> pd.DataFrame:
    """The rows of the log: a look every minute or so, carts after looks, all purchases of a visit at its end."""
    order = np.argsort(looks.visit, kind="stable")
    _, begin, length = np.unique(looks.visit[order], return_index=True, return_counts=True)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(begin, length)
    looked = _openings(len(world.people), rng)[looks.customer] + 50 * place
    looked += (40 * rng.random(len(place))).astype(np.int64)
    end = np.zeros(len(world.people), np.int64)
    np.maximum.at(end, looks.customer, looked)
    n = len(place)
    rated = looks.paid & (rng.random(n) < RATED)
    stars = np.rint(3.3 + 0.25 * looks.liking + 0.8 * rng.standard_normal(n)).clip(1, 5)
    later = ((3 + 17 * rng.random(n)) * 24 * HOUR).astype(np.int64)
    paid_at = end[looks.customer] + 120
    rows = [np.arange(n), *map(np.flatnonzero, (looks.carted, looks.paid, rated))]
    viewed, carted, paid, starred = rows
    kinds = np.repeat([Kind.view, Kind.cart, Kind.purchase, Kind.rating], [len(part) for part in rows])
    values = np.concatenate([np.ones(n + len(carted) + len(paid)), stars[starred]])
    seconds = [looked[viewed], looked[carted] + 25, paid_at[paid], (paid_at + later)[starred]]
    chosen = np.concatenate(rows)
    return _log(
        world, day, looks.customer[chosen], looks.item[chosen], kinds, values, np.concatenate(seconds)
    )


def _openings(n: int, rng: np.random.Generator) -> Codes:
    """The second of the day at which each visit begins: around noon or, more often, in the evening."""
    hour = np.where(rng.random(n) < 0.6, 19.5, 12.5) + 2.2 * rng.standard_normal(n)
    return (hour.clip(5, 22.5) * HOUR).astype(np.int64)


def _robots(world: World, day: int) -> pd.DataFrame:
    """What robots leave: many views of anything at any hour."""
    rng, items = world.spec.rng(ROBOTS_STREAM, day), np.flatnonzero(world.on_sale(day))
    robots = np.flatnonzero(world.people.robot & (world.people.joined <= day))
    views = rng.poisson(ROBOT_VIEWS, len(robots)) * (rng.random(len(robots)) < ROBOT_DAYS)
    n = int(views.sum())
    seen = items[(rng.random(n) * len(items)).astype(np.int64)]
    kinds, seconds = np.full(n, Kind.view), (rng.random(n) * 24 * HOUR).astype(np.int64)
    return _log(world, day, np.repeat(robots, views), seen, kinds, np.ones(n), seconds)


def _log(
    world: World, day: int, customers: Codes, items: Codes, kinds: Codes, values: Floats, seconds: Codes
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer": customers.astype(np.int32),
            "item": items.astype(np.int32),
            "kind": kinds.astype(np.uint8),
            "value": values.astype(np.float32),
            "time": world.spec.moment(day) + seconds.astype("timedelta64[s]"),
        }
    )


def _feedback(world: World, day: int, came: Codes, parts: list[tuple[Looks, Shown]]) -> Feedback:
    slots = world.spec.slots
    items = np.concatenate([np.zeros((0, slots), np.int64), *(_wide(s.items, slots, -1) for _, s in parts)])
    chances = np.concatenate([np.zeros((0, slots)), *(_wide(s.propensities, slots, 0) for _, s in parts)])
    opened, bought = np.zeros(items.shape, bool), np.zeros(items.shape, bool)
    first = 0
    for looks, shown in parts:
        window = looks.slot >= 0
        opened[first + looks.visit[window], looks.slot[window]] = True
        paid = window & looks.paid
        bought[first + looks.visit[paid], looks.slot[paid]] = True
        first += len(shown.items)
    return Feedback(day, came, Shown(items, chances), opened, bought)


def _wide(table: NDArray[np.generic], slots: int, fill: int) -> NDArray[np.generic]:
    return np.pad(table, ((0, 0), (0, slots - table.shape[1])), constant_values=fill)

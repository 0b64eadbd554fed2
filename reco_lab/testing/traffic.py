"""Simulated traffic in the real log, hour by hour on a clock that is moved: with what is wrong in it, if anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from reco_lab.core.clock import ManualClock
from reco_lab.core.events import Decision, Feedback, FeedbackKind, Placed, Stage
from reco_lab.store.events import EventLog

SLOTS = ("home", "search", "cart")
SHARES = (0.5, 0.3, 0.2)
WAIT = 60.0


@dataclass(frozen=True)
class Traffic:
    """What comes in an hour: `calls` decisions of two ads each for `customers`, clicked at about `rate`.

    `slots` multiplies the click rate by slot, `come` the share of decisions by slot; `fallback` is the share
    that a stand-in decides, `took` the usual milliseconds, `explored` the share of first places given to
    chance, `away` who does not come, `wobble` how much the click rate of an hour differs from that of
    another, `swing` how much the time of day counts. `arms` names the arm of a customer who is in an A/B
    test, `keen` multiplies the click rate by customer.
    """

    calls: int = 120
    customers: tuple[str, ...] = tuple(f"u{number:02d}" for number in range(60))
    ads: tuple[str, ...] = tuple(f"ad-i{number:02d}" for number in range(8))
    rate: float = 0.06
    slots: Mapping[str, float] = field(default_factory=dict)
    come: Mapping[str, float] = field(default_factory=dict)
    fallback: float = 0.005
    took: float = 3.0
    explored: float = 0.2
    away: frozenset[str] = frozenset()
    version: str = "v1"
    wobble: float = 0.05
    swing: float = 0.5
    refused: float = 0.0
    bought: float = 0.1
    arms: Mapping[str, str] = field(default_factory=dict)
    keen: Mapping[str, float] = field(default_factory=dict)


def serve(log: EventLog, clock: ManualClock, hours: int, rng: np.random.Generator, traffic: Traffic) -> None:
    """Let so many hours pass with this traffic."""
    for _ in range(hours):
        _hour(log, clock, rng, traffic)


def _hour(log: EventLog, clock: ManualClock, rng: np.random.Generator, traffic: Traffic) -> None:
    begin = clock.at
    busy = traffic.calls * (1 + traffic.swing * np.sin(2 * np.pi * begin.hour / 24))
    clock.at = begin + timedelta(hours=1)
    rate = traffic.rate * rng.lognormal(0, traffic.wobble)
    shares = np.array(SHARES) * [traffic.come.get(slot, 1.0) for slot in SLOTS]
    come = [one for one in traffic.customers if one not in traffic.away]
    upto = np.cumsum(shares / shares.sum())[:-1]
    seconds = np.sort(rng.random(rng.poisson(busy * shares.sum()))) * 3500
    events: list[Feedback] = []
    for number, second in enumerate(seconds):
        at = begin + timedelta(seconds=float(second))
        slot = SLOTS[int(np.searchsorted(upto, rng.random()))]
        one = _decision(f"r{int(at.timestamp()):x}-{number:04x}", at, come, slot, rng, traffic)
        log.log(one)
        for placed in one.placed:
            keen = traffic.slots.get(slot, 1.0) * traffic.keen.get(one.customer, 1.0)
            drawn = rate * keen * 0.7**placed.position
            events += _came(placed.decision_id, at, clock, rng, drawn, traffic.bought)
    log.track([]).result(WAIT)
    log.track(events).result(WAIT)
    refused = rng.binomial(len(events), traffic.refused)
    log.refuse([("{not an event}", "It is no JSON.")] * refused)
    log.track([]).result(WAIT)


def _decision(
    request: str, at: datetime, come: list[str], slot: str, rng: np.random.Generator, traffic: Traffic
) -> Decision:
    chance = rng.random() < traffic.explored
    first = int(rng.integers(len(traffic.ads))) if chance else 0
    second = int(rng.integers(len(traffic.ads) - 1))
    second += second >= first
    even = traffic.explored / len(traffic.ads)
    odds = (even + (1 - traffic.explored) * (first == 0), 1 / (len(traffic.ads) - 1))
    placed = tuple(
        Placed(
            f"{request}-{place}",
            traffic.ads[ad],
            place,
            odd,
            0.5 + 0.1 * float(rng.standard_normal()),
            0.0,
            0.2,
        )
        for place, (ad, odd) in enumerate(zip((first, second), odds, strict=True))
    )
    stage = Stage.popular if rng.random() < traffic.fallback else Stage.model
    took = int(1000 * traffic.took * rng.lognormal(0, 0.4))
    who = come[int(rng.integers(len(come)))]
    return Decision(
        request, at, who, slot, placed, "c0ffee", len(traffic.ads), traffic.version, "epsilon_greedy", traffic.arms.get(who, "everybody"), stage, {}, took
    )  # fmt: skip


def _came(
    id_: str, at: datetime, clock: ManualClock, rng: np.random.Generator, rate: float, bought: float
) -> list[Feedback]:
    found = [Feedback(f"{id_}-i", id_, FeedbackKind.impression, clock.now(), at)]
    if rng.random() < rate:
        later = at + timedelta(seconds=float(rng.exponential(20)))
        found.append(Feedback(f"{id_}-c", id_, FeedbackKind.click, clock.now(), later))
        if rng.random() < bought:
            then = later + timedelta(seconds=60)
            found.append(Feedback(f"{id_}-b", id_, FeedbackKind.conversion, clock.now(), then, 19.9))
    return found

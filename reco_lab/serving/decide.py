"""From a request to a decision: rank, take out what must not be shown, let the policy choose, keep the chances."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.batch import UserBatch
from reco_lab.core.events import Stage
from reco_lab.core.policy import Choice
from reco_lab.core.recommender import Scores
from reco_lab.serving.accounts import Accounts
from reco_lab.serving.appeal import Appeal
from reco_lab.serving.booked import Booked, Mask
from reco_lab.serving.histories import Histories
from reco_lab.serving.snapshot import Ranker, Route, Snapshot

Floats = NDArray[np.float64]
NEUTRAL = 0.5
LEAST_BID = 1e-6
NOTHING_PERSONAL = "nothing personal"


@dataclass(frozen=True, eq=False)
class Customer:
    """Who asks: her code and name (pseudonym), what is known of her, and whether anything of it may be used."""

    code: int
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    personal: bool = True
    table: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class Standing:
    """What changes between two answers: the histories, the books, the click rates."""

    histories: Histories
    accounts: Accounts
    appeal: Appeal


@dataclass(frozen=True, eq=False)
class Weighed:
    """How the ads stand for one customer at one moment.

    `scores` has one number an ad, `open` which may be shown; `rules` names what could take ads out, each with the ads
    it lets through. `stage` and `ranker` say who ranked, `batch` with what history (both None where nobody could).
    """

    route: Route
    stage: Stage
    ranker: Ranker | None
    batch: UserBatch | None
    scores: Floats
    open: Mask
    rules: Mapping[str, Mask]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Positions of ads, best place first, the chance of each, and who ranked them."""

    places: NDArray[np.intp]
    propensities: Floats
    stage: Stage
    weighed: Weighed


def weigh(
    snapshot: Snapshot,
    standing: Standing,
    customer: Customer,
    slot: str,
    now: datetime,
    fails: Callable[[Ranker, Exception], None],
) -> Weighed:
    """Rank all ads for a customer and settle which of them may be shown."""
    booked = snapshot.booked
    if not customer.personal:
        rules = _closed(snapshot, standing, now, slot) | {NOTHING_PERSONAL: booked.house}
        return Weighed(
            snapshot.everybody,
            Stage.house,
            None,
            None,
            np.full(len(booked), NEUTRAL),
            _left(booked, rules),
            rules,
        )
    route = snapshot.route(customer.attributes, customer.segments)

    def batch_of(wants_attributes: bool) -> UserBatch:
        table = customer.table if wants_attributes else None
        return standing.histories.batch(customer.code, customer.name, now=now, attributes=table)

    ranked = snapshot.rank(route, batch_of, fails)
    ranker, batch, items = ranked or (None, None, None)
    rules = _closed(snapshot, standing, now, slot)
    if (reached := booked.reached(customer.attributes, customer.segments)) is not None:
        rules["for other customers"] = reached
    if capped := standing.accounts.capped(customer.name):
        rules["seen often enough today"] = _but(booked, capped)
    if snapshot.hide_bought and batch is not None and len(bought := standing.histories.bought(batch)):
        rules["bought already"] = _but(booked, booked.promoting(set(bought.tolist())))
    stage = ranker.stage if ranker else Stage.house
    return Weighed(
        route,
        stage,
        ranker,
        batch,
        _scores(snapshot, standing.appeal, items),
        _left(booked, rules),
        rules,
    )


def without(booked: Booked, weighed: Weighed, refused: list[int]) -> Weighed:
    """The same without ads that shared books refuse at the last moment."""
    rules = dict(weighed.rules) | {"taken by another worker": _but(booked, refused)}
    if (before := weighed.rules.get("taken by another worker")) is not None:
        rules["taken by another worker"] &= before
    return replace(weighed, rules=rules, open=_left(booked, rules))


def choose(snapshot: Snapshot, weighed: Weighed, n: int, rng: np.random.Generator) -> Chosen:
    """Let the policy fill n places; the shop's own ads take the places that nothing else can."""
    from reco_lab.serving._kernels.relevance import narrowed

    house = snapshot.booked.house
    regular, scores = np.empty(len(house), np.intp), np.empty(len(house), np.float32)
    count = narrowed(weighed.open, house, weighed.scores, regular, scores)
    regular = regular[:count]
    choice = (
        weighed.route.policy.choose(scores[:count], n, rng)
        if len(regular)
        else Choice(np.zeros(0, np.intp), np.zeros(0))
    )
    places = regular[choice.chosen]
    spare = np.flatnonzero(weighed.open & house)[: n - len(places)] if len(places) < n else places[:0]
    return Chosen(
        np.concatenate((places, spare)),
        np.concatenate((choice.propensities, np.ones(len(spare)))),
        weighed.stage if len(places) else Stage.house,
        weighed,
    )


def _closed(snapshot: Snapshot, standing: Standing, now: datetime, slot: str) -> dict[str, Mask]:
    """What takes ads out for everybody: flight, slot, budget."""
    booked = snapshot.booked
    return {
        "not in its flight": booked.flying(now),
        "not for this slot": booked.in_slot(slot),
        "budget used up for now": standing.accounts.open_at(now),
    }


def _left(booked: Booked, rules: Mapping[str, Mask]) -> Mask:
    left = np.ones(len(booked), bool)
    for allowed in rules.values():
        left &= allowed
    return left


def _but(booked: Booked, places: list[int]) -> Mask:
    mask = np.ones(len(booked), bool)
    mask[places] = False
    return mask


def _scores(snapshot: Snapshot, appeal: Appeal, items: Scores | None) -> Floats:
    """Relevance of what each ad promotes (0 to 1, an average ad .5) times its appeal, times its bid as far as it counts."""
    from reco_lab.serving._kernels.relevance import standing

    booked = snapshot.booked
    if items is None:
        scores = appeal.factors * NEUTRAL
    else:
        scores = np.empty(len(booked))
        items, promoted = _with_categories(booked, items)
        standing(items, promoted, appeal.factors, scores)
    if snapshot.bid_weight > 0:
        scores *= np.power(np.maximum(booked.bids, LEAST_BID), snapshot.bid_weight)
    return scores


def _with_categories(booked: Booked, items: Scores) -> tuple[Scores, NDArray[np.int32]]:
    """The items, and the best of each category that ads promote as one more of them."""
    if not booked.categories:
        return items, booked.promoted
    promoted, best = booked.promoted.copy(), list[float]()
    for places, members in booked.categories:
        mine = members[members < len(items)]
        if len(mine):
            promoted[places] = len(items) + len(best)
            best.append(float(items[mine].max()))
    beyond = (booked.promoted >= len(items)) & (promoted == booked.promoted)
    promoted[beyond] = -1
    return np.append(items, np.array(best, np.float32)), promoted

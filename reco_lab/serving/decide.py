"""From a request to a decision: rank, take out what must not be shown, let the policy choose, keep the chances."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.batch import UserBatch
from reco_lab.core.errors import ScoreError
from reco_lab.core.events import Stage
from reco_lab.core.learner import Learner
from reco_lab.core.policy import Choice, Policy, Seen, best_first
from reco_lab.core.recommender import Scores
from reco_lab.core.unchanging import unchanging
from reco_lab.serving.accounts import Accounts
from reco_lab.serving.appeal import Appeal
from reco_lab.serving.booked import Mask
from reco_lab.serving.eligible import Eligibility, Eligible
from reco_lab.serving.features import features_of
from reco_lab.serving.histories import Histories
from reco_lab.serving.learnt import NOTHING_LEARNT, Learnt, rows_of
from reco_lab.serving.loops import loops
from reco_lab.serving.snapshot import Ranker, Route, Snapshot

Floats = NDArray[np.float64]
Places = NDArray[np.int32]
NEUTRAL = 0.5
NOTHING_PERSONAL = "nothing personal"
TAKEN = "taken by another worker"
NONE_GONE, NO_FLOATS, NO_SCORES = np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.float32)
MOST_KEPT = 100


@unchanging()
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

    @cached_property
    def eligibility(self) -> Eligibility:
        """Which ads may be shown by these books."""
        return Eligibility(self.accounts)


@unchanging()
class Weighed:
    """How the ads stand for one customer at one moment.

    `rate` scores the ads in some places; `eligible` are the ads that may be shown to customers like her, `hers` the
    rules that take some out for her alone, each with their places, `gone` the places of all of these, in
    order. `stage` and `ranker` say who ranked, `batch` with what history (both None where nobody could).
    `customer` is who asks, where anything of her may be used.
    """

    route: Route
    stage: Stage
    ranker: Ranker | None
    batch: UserBatch | None
    rate: Callable[[Places], Scores]
    eligible: Eligible
    hers: Mapping[str, list[int]] = field(default_factory=dict)
    gone: Places = field(default_factory=lambda: NONE_GONE)
    customer: Customer | None = None

    @cached_property
    def scores(self) -> Scores:
        """How each ad stands, one number an ad."""
        return self.rate(self.eligible.booked.every)

    @property
    def personal(self) -> bool:
        """Whether anything of her may be used."""
        return NOTHING_PERSONAL not in self.eligible.rules

    @property
    def open(self) -> Mask:
        """Which ads may be shown."""
        return self.among(self.eligible.open)

    @property
    def rules(self) -> dict[str, Mask]:
        """The rules that could take ads out, each with the ads it lets through."""
        every = np.ones(len(self.eligible.booked), bool)
        alone = {rule: _but(every, np.array(places, np.int32)) for rule, places in self.hers.items()}
        return {**self.eligible.rules, **alone}

    @property
    def taken(self) -> dict[str, int]:
        """How many ads each rule takes out, where it takes any."""
        return self.eligible.taken | {rule: len(places) for rule, places in self.hers.items() if places}

    def among(self, mask: Mask) -> Mask:
        """A mask without what is taken out for her alone."""
        return _but(mask, self.gone) if len(self.gone) else mask


@unchanging()
class Chosen:
    """Positions of ads, best place first, the chance and the score of each, and who ranked them.

    `house`: how many of the last places the policy could not fill, so that the shop's own ads stand there. `seen` is
    what it saw, where it chose any. `unbilled` says that books shared with others do not know of it.
    """

    places: Places
    propensities: Floats
    scores: Scores
    stage: Stage
    weighed: Weighed
    house: int = 0
    seen: Seen | None = None
    unbilled: bool = False


def weigh(
    snapshot: Snapshot,
    standing: Standing,
    customer: Customer,
    slot: str,
    now: datetime,
    fails: Callable[[Ranker, Exception], None],
) -> Weighed:
    """Rank all ads for a customer and settle which of them may be shown."""
    booked, eligibility = snapshot.booked, standing.eligibility
    if not customer.personal:
        eligible = eligibility.at(now, slot, (NOTHING_PERSONAL, booked.house))
        return Weighed(snapshot.everybody, Stage.house, None, None, _neutral, eligible)
    route = snapshot.route(customer.name, customer.attributes, customer.segments)

    def batch_of(wants_attributes: bool) -> UserBatch:
        table = customer.table if wants_attributes else None
        return standing.histories.batch(customer.code, customer.name, now=now, attributes=table)

    ranker, batch, items = snapshot.rank(route, batch_of, fails) or (None, None, None)
    reached = booked.reached(customer.attributes, customer.segments)
    eligible = eligibility.at(now, slot, None if reached is None else ("for other customers", reached))
    hers: dict[str, list[int]] = {}
    if capped := standing.accounts.capped(customer.name):
        hers["seen often enough today"] = capped
    if snapshot.hide_bought and batch is not None and len(bought := standing.histories.bought(batch)):
        hers["bought already"] = booked.promoting(set(bought.tolist()))
    stage = ranker.stage if ranker else Stage.popular  # the ads stand by their clicks
    return Weighed(
        route,
        stage,
        ranker,
        batch,
        partial(_scores, snapshot, standing.appeal.factors, items),
        eligible,
        hers,
        _gone(hers),
        customer,
    )


def without(weighed: Weighed, refused: list[int]) -> Weighed:
    """The same without ads that shared books refuse at the last moment."""
    hers = {**weighed.hers, TAKEN: [*weighed.hers.get(TAKEN, []), *refused]}
    return replace(weighed, hers=hers, gone=_gone(hers))


def choose(
    snapshot: Snapshot,
    weighed: Weighed,
    n: int,
    rng: np.random.Generator,
    learnt: Learnt = NOTHING_LEARNT,
    fails: Callable[[Policy, Exception], None] | None = None,
) -> Chosen:
    """Let the policy fill n places; the shop's own ads take the places that nothing else can.

    A policy that fails, or says chances that are none, is told to `fails`, and the best ranked are shown instead.
    """
    regular = _left(weighed.eligible.regular, weighed.gone)
    policy = weighed.route.policy
    seen = _seen(snapshot, weighed, regular, learnt) if len(regular) else None
    if seen is None:
        return _filled(snapshot, Chosen(NONE_GONE, NO_FLOATS, NO_SCORES, weighed.stage, weighed), n)
    choice = _placed(policy, seen, n, rng, learnt, fails)
    places, scores = regular[choice.chosen], seen.scores[choice.chosen]
    found = Chosen(places, choice.propensities, scores, weighed.stage, weighed, seen=seen)
    return found if len(places) == n else _filled(snapshot, found, n)


def _filled(snapshot: Snapshot, chosen: Chosen, n: int) -> Chosen:
    """The same with the shop's own ads in the places that are left of n."""
    weighed = chosen.weighed
    own = np.flatnonzero(weighed.open & snapshot.booked.house)[: n - len(chosen.places)].astype(np.int32)
    return replace(
        chosen,
        places=np.concatenate((chosen.places, own)),
        propensities=np.concatenate((chosen.propensities, np.ones(len(own)))),
        scores=np.concatenate((chosen.scores, weighed.rate(own))),
        stage=chosen.stage if len(chosen.places) else Stage.house,
        house=len(own),
    )


def _left(regular: Places, gone: Places) -> Places:
    """The regular places but those gone."""
    if not len(gone):
        return regular
    left = np.empty(len(regular), np.int32)
    return left[: loops().narrowed(regular, gone, left)]


def _placed(
    policy: Policy,
    seen: Seen,
    n: int,
    rng: np.random.Generator,
    learnt: Learnt,
    fails: Callable[[Policy, Exception], None] | None,
) -> Choice:
    """What the policy chooses; the best ranked, for sure, where it cannot and somebody is there to be told."""
    try:
        return _sound(policy, policy.place(seen, n, rng, learnt.of(policy)))
    except Exception as error:
        if fails is None:
            raise
        fails(policy, error)
        return Choice.certain(best_first(seen.scores, n))


def _sound(policy: Policy, choice: Choice) -> Choice:
    """The same choice; ScoreError where it cannot be logged."""
    if not choice.sound:
        raise ScoreError(f"{policy.info.label} said chances that are none: {choice.propensities.tolist()}.")
    return choice


def _seen(snapshot: Snapshot, weighed: Weighed, places: Places, learnt: Learnt) -> Seen:
    """What the policy sees: the customer where it learns or where it is kept, the ads as a learner knows them."""
    policy, customer, scores = weighed.route.policy, weighed.customer, weighed.rate(places)
    learns = isinstance(policy, Learner)
    wanted = customer is not None and (learns or len(scores) <= MOST_KEPT)
    features = (
        features_of(customer.attributes, customer.segments, weighed.batch) if customer and wanted else None
    )
    if not learns:
        return Seen(scores, None, features)
    memory, weight = learnt.of(policy), snapshot.bid_weight
    rows = None if memory is None else rows_of(memory.vocabulary, snapshot.booked)[places]
    return Seen(scores, rows, features, snapshot.booked.worth(weight)[places] if weight > 0 else None)


def _gone(hers: Mapping[str, list[int]]) -> Places:
    """The places that rules for one customer take out, in order."""
    return np.array(sorted(set(chain.from_iterable(hers.values()))), np.int32) if hers else NONE_GONE


def _but(mask: Mask, places: Places) -> Mask:
    mask = mask.copy()
    mask[places] = False
    return mask


def _scores(snapshot: Snapshot, factors: Scores, items: Scores | None, places: Places) -> Scores:
    """Relevance of what ads promote (0 to 1, an average ad .5) times their appeal, times their bid as far as it counts."""
    booked = snapshot.booked
    if items is None:
        scores = factors[places] * np.float32(NEUTRAL)
    else:
        scores = booked.promotions(len(items)).scores(items, factors, places)
    if snapshot.bid_weight > 0:
        scores *= booked.worth(snapshot.bid_weight)[places]
    return scores


def _neutral(places: Places) -> Scores:
    return np.full(len(places), NEUTRAL, np.float32)

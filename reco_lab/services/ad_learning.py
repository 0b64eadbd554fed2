"""Policies that learn while they serve: the log is folded into their memories beside the answers."""

import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.clock import microseconds
from reco_lab.core.errors import CorruptError, FullError, InputError
from reco_lab.core.learner import CLICKED, SHORTLIST, SHOWN, WIDTH, Learner
from reco_lab.core.memory import Memory, Outcomes
from reco_lab.core.policy import Policy, Seen
from reco_lab.serving.booked import LEAST_BID
from reco_lab.serving.learnt import NOTHING_LEARNT, Learnt
from reco_lab.serving.snapshot import Snapshot
from reco_lab.store.events.learning import Happened
from reco_lab.store.events.log import EventLog
from reco_lab.workspace import Workspace

LEARN_SECONDS = 0.25
SETTLING_SECONDS = 2.0
KEEPING_SECONDS = 20.0
OTHERS_MICROS = 60_000_000
SURE = 1.96
CLICK_WINDOW = timedelta(days=1)
MANY = Seen(np.zeros(SHORTLIST + 1, np.float32))


@dataclass(frozen=True)
class AdLearnt:
    """What is known of an ad: how often it counts as shown and was clicked, and the click rate expected at the first place.

    With a chance of 95 % the rate is from `low` to `high`, as far as the learner knows.
    """

    ad: str
    shown: float
    clicked: float
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class ArmLearnt:
    """What serves the customers of a route or an arm, and what it knows of ads, best first; nothing where it does not learn."""

    arm: str
    policy: dict[str, Any]
    learns: bool
    ads: tuple[AdLearnt, ...]


@dataclass(frozen=True, eq=False)
class Settled:
    """A memory of all that happened before a moment (microseconds), and the one that the log keeps."""

    memory: Memory
    upto: int
    kept: Memory


@dataclass(eq=False)
class Learning:
    """The memories of the learners in use. `learnt` is what answers read; it is replaced as a whole.

    What is older than SETTLING_SECONDS is folded once; what is younger is folded anew each time, as decisions
    and events of the last moments may come into the log in another order. So a memory follows from the log
    alone: after a crash what was kept, with the rest of the log, is the same as it would have been. Several
    workers each fold the whole log. What was learnt from decisions that are erased later stays: sums over
    everybody.
    """

    workspace: Workspace
    log: EventLog
    learnt: Learnt = NOTHING_LEARNT
    _settled: dict[str, Settled] = field(default_factory=dict)
    _marks: deque[tuple[float, int]] = field(default_factory=deque)
    _weights: dict[str, float] = field(default_factory=dict)
    _kept_at: float = -KEEPING_SECONDS
    _one_at_a_time: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Take what was written before this process began as settled, as far as no other process may still write."""
        now = microseconds(self.workspace.clock.now())
        self._before = now - OTHERS_MICROS if self.log.durable_server else now

    def catch_up(self, policies: Iterable[Policy]) -> Learnt:
        """Fold what happened since, and let answers know it; nothing changes while the log does not answer."""
        learners = {one.remembered_as: one for one in policies if isinstance(one, Learner)}
        with self._one_at_a_time:
            if learners and not self.log.healthy():
                before = self._settle()
                self.learnt = Learnt({name: self._current(one, before) for name, one in learners.items()})
            elif learners:
                self._marks.clear()
            elif self.learnt.memories:
                self.learnt = NOTHING_LEARNT
            return self.learnt

    def keep(self, *, at_once: bool = False) -> None:
        """Keep in the log what is settled, every KEEPING_SECONDS or at once."""
        now = time.monotonic()
        if self.log.healthy() or (now - self._kept_at < KEEPING_SECONDS and not at_once):
            return
        with self._one_at_a_time:
            for name, one in self._settled.items():
                if one.memory is not one.kept:
                    self._kept_at = now
                    self.log.remember(name, one.upto, one.memory.to_bytes())
                    self._settled[name] = Settled(one.memory, one.upto, one.memory)

    def close(self) -> None:
        """Keep what is settled, if that can be done; what is not kept is read from the log again."""
        with suppress(InputError, FullError):
            self.keep(at_once=True)

    def _settle(self) -> int:
        """The moment before which nothing new will come into the log any more."""
        now = time.monotonic()
        self._marks.append((now, microseconds(self.workspace.clock.now())))
        while self._marks and self._marks[0][0] <= now - SETTLING_SECONDS:
            self._before = max(self._before, self._marks.popleft()[1])
        return self._before

    def _current(self, learner: Learner, before: int) -> Memory:
        """What a learner knows of everything by now."""
        name = learner.remembered_as
        one = self._settled.get(name) or self._recalled(learner)
        while one.upto < before and (end := self.log.enough(one.upto)) is not None and end <= before:
            earlier = self.outcomes(self.log.since(one.upto, end, CLICK_WINDOW))
            one = Settled(learner.fold(one.memory, earlier), end, one.kept)
        happened = self.log.since(one.upto, None, CLICK_WINDOW)
        outcomes, old = self.outcomes(happened), happened.since < before
        if one.upto < before:
            one = Settled(learner.fold(one.memory, outcomes.among(old)), before, one.kept)
            outcomes = outcomes.among(~old)
        self._settled[name] = one
        memory = learner.fold(one.memory, outcomes)
        learner.place(
            MANY, 1, np.random.default_rng(0), memory
        )  # what follows from it is worked out here, not for a customer
        return memory

    def _recalled(self, learner: Learner) -> Settled:
        """What was kept in the log; nothing where that is damaged or another width of features was used."""
        found = self.log.recall(learner.remembered_as)
        nothing = learner.nothing(WIDTH)
        if found is not None:
            try:
                memory = Memory.from_bytes(found[1])
            except CorruptError as error:
                self.workspace.log.reference(error)
            else:
                if memory.alike(nothing):
                    return Settled(memory, found[0], memory)
        return Settled(nothing, 0, nothing)

    def outcomes(self, happened: Happened) -> Outcomes:
        """Rows of the log as learners take them: the relevance is the score without what the bid added."""
        weights = np.array([self.bid_weight(version) for version in happened.versions], np.float64)
        worth = np.power(np.maximum(happened.bids, LEAST_BID), weights)
        return Outcomes(
            ads=happened.ads,
            places=happened.places,
            shown=np.asarray(~happened.clicked, np.float64),
            clicked=np.asarray(happened.clicked, np.float64),
            relevance=happened.scores / worth,
            at=happened.at,
            features=_features(happened.features),
        )

    def bid_weight(self, version: str) -> float:
        """How much bids counted in a publication."""
        if version not in self._weights:
            self._weights |= {
                one.version: float(one.spec.get("bid_weight", 0.0))
                for one in self.workspace.publications.history()
            }
            self._weights.setdefault(version, 0.0)
        return self._weights[version]


def in_use(snapshot: Snapshot) -> list[Policy]:
    """The policies that serve somebody."""
    return [route.policy for route in snapshot.ways]


def of_each_ad(learner: Learner, memory: Memory) -> tuple[AdLearnt, ...]:
    """What a learner knows of each ad, best first."""
    rates, deviations = learner.rates(memory)
    shown, clicked = memory.own[SHOWN], memory.own[CLICKED]
    lows, highs = np.maximum(rates - SURE * deviations, 0.0), np.minimum(rates + SURE * deviations, 1.0)
    columns = [one[:-1].tolist() for one in (shown, clicked, rates, lows, highs)]
    found = (AdLearnt(id_, *values) for id_, *values in zip(memory.ids, *columns, strict=True))
    return tuple(sorted(found, key=lambda one: (-one.rate, one.ad)))


def of_each_arm(snapshot: Snapshot, learnt: Learnt, most: int) -> tuple[ArmLearnt, ...]:
    """What serves, route by route, and what learners know of their best ads."""
    found = []
    for route in snapshot.ways:
        policy, memory = route.policy, learnt.of(route.policy)
        learns = isinstance(policy, Learner)
        ads = of_each_ad(policy, memory)[:most] if isinstance(policy, Learner) and memory else ()
        found.append(ArmLearnt(route.name, policy.to_dict(), learns, ads))
    return tuple(found)


def known(workspace: Workspace, log: EventLog, policy: Policy) -> Memory | None:
    """What a learner knows by now, seen from beside the service; None for what does not learn or never served."""
    if not isinstance(policy, Learner) or log.recall(policy.remembered_as) is None:
        return None
    return Learning(workspace, log).catch_up([policy]).of(policy)


def known_before(workspace: Workspace, log: EventLog, learner: Learner, moment: datetime) -> Memory:
    """What a learner would have known at a moment, of all that was logged until then, read part by part."""
    learning, memory = Learning(workspace, log), learner.nothing(WIDTH)
    begin, end = 0, microseconds(moment)
    while begin < end:
        enough = log.enough(begin)
        until = end if enough is None else min(enough, end)
        memory = learner.fold(memory, learning.outcomes(log.since(begin, until, CLICK_WINDOW)))
        begin = until
    return memory


def _features(blocks: tuple[bytes | None, ...]) -> NDArray[np.float32]:
    """The numbers of each row; where none were kept, or of another width, nothing but the constant."""
    whole = 4 * WIDTH
    stranger = np.eye(1, WIDTH, dtype="<f4").tobytes()
    told = b"".join(block if block is not None and len(block) == whole else stranger for block in blocks)
    return np.frombuffer(told, "<f4").reshape(-1, WIDTH).astype(np.float32)

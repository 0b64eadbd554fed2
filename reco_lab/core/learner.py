"""Policies that learn from what was clicked: values drawn for the candidates, turned into a choice in one place."""

import json
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.memory import Floats, Memory, Outcomes, Vocabulary, exact
from reco_lab.core.parameters import tunable
from reco_lab.core.policy import Choice, Policy, Scores, Seen, nth_left
from reco_lab.core.ranking import top

WIDTH = 8
DRAWS = 64
SHORTLIST = 64
FIRST_GUESS = 0.02
GUESSED_FROM = 50.0
SHOWN, CLICKED = "shown", "clicked"

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Drawn:
    """Values drawn for the candidates that may come first: their positions, and draws x positions."""

    short: NDArray[np.intp]
    values: Floats

    def shares(self, before: Sequence[int]) -> Floats:
        """In which share of the draws each of the shortlist is the best of those left; equals share where nothing is drawn. All 0 if none is left."""
        left = self.values
        if len(before):
            left = np.where(np.isin(self.short, before), -np.inf, left)
            if not np.isfinite(left[0]).any():
                return np.zeros(len(self.short))
        if len(left) > 1:
            return np.bincount(left.argmax(axis=1), minlength=left.shape[1]) / len(left)
        best = left[0] == left[0].max()
        return np.asarray(best / np.count_nonzero(best))

    def share_of(self, one: int, shares: Floats) -> float:
        """The share of one candidate; none where it is not on the shortlist."""
        at = int(np.searchsorted(self.short, one))
        return float(shares[at]) if at < len(self.short) and self.short[at] == one else 0.0


class Learner(Policy):
    """A policy that learns: it sums up outcomes in a memory, and draws values (worth of a place) for candidates.

    At each place the chance of a candidate is (1 - floor) times the share of the draws in which it is the
    best of those left, and an even part of the floor. Just that is what is drawn from and told. Where there
    are many candidates, values are drawn for the SHORTLIST with the highest `reach`; the others have their
    part of the floor. Sums are taken so that the order of outcomes makes no difference; without any memory an
    ad counts as one that nobody saw.
    """

    remembers: ClassVar[tuple[str, ...]] = ("attention",)

    floor: float = tunable(0.02, 0.0, 1.0, help="the share of places that are given to any ad, evenly")
    attention: float = tunable(
        0.75, 0.1, 1.0, help="how much each next place is looked at, compared with the one before it"
    )

    @abstractmethod
    def reach(self, seen: Seen, memory: Memory) -> Floats:
        """How far the value of each candidate may well reach: the highest are looked at closely."""

    @abstractmethod
    def draws(self, seen: Seen, memory: Memory, rng: np.random.Generator) -> Floats:
        """Values of the candidates (draws x candidates); one row where nothing is left to chance."""

    @abstractmethod
    def rates(self, memory: Memory) -> tuple[Floats, Floats]:
        """For each ad of the memory the click rate expected at the first place, of nobody in particular, and its deviation."""

    def nothing(self, width: int = WIDTH) -> Memory:
        """The memory before anything happened, for so many numbers known of a customer."""
        own, shared = self.sums(width)
        return Memory(Vocabulary(()), {name: np.zeros((1, *shape)) for name, shape in own.items()},
                      {name: np.zeros(shape) for name, shape in shared.items()})  # fmt: skip

    def sums(self, width: int) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:  # noqa: ARG002 - for those who look at customers
        """The shapes of its sums, for each ad and over all."""
        return {SHOWN: (), CLICKED: ()}, {}

    def fold(self, memory: Memory, outcomes: Outcomes) -> Memory:
        """Another memory that knows these outcomes too."""
        if not len(outcomes):
            return memory
        grown = memory.over(outcomes.ads)
        own = {name: values.copy() for name, values in grown.own.items()}
        shared = {name: values.copy() for name, values in grown.shared.items()}
        self.add(own, shared, grown.rows(outcomes.ads), outcomes)
        return Memory(grown.vocabulary, own, shared)

    def add(
        self, own: dict[str, Floats], shared: dict[str, Floats], rows: NDArray[np.intp], outcomes: Outcomes  # noqa: ARG002 - for those with more sums
    ) -> None:  # fmt: skip
        """Add outcomes to the sums in place; a place that is looked at less counts less as shown, a click is a click."""
        own[SHOWN] += np.bincount(rows, self.looked_at(outcomes), len(own[SHOWN]))
        own[CLICKED] += np.bincount(rows, outcomes.clicked, len(own[CLICKED]))

    def looked_at(self, outcomes: Outcomes) -> Floats:
        """How much each outcome counts as shown, by its place."""
        return exact(outcomes.shown * np.power(self.attention, outcomes.places.astype(np.float64)))

    def once(self, memory: Memory, work: Callable[[Memory], Found]) -> Found:
        """What follows from a memory alone, worked out once for it."""
        key = (work.__name__, self)
        if key not in memory.known:
            memory.known[key] = work(memory)
        found: Found = memory.known[key]
        return found

    @property
    def remembered_as(self) -> str:
        """Under which name its memory is kept: learners that sum up alike share one."""
        return _remembered_as(self)

    def place(self, seen: Seen, n: int, rng: np.random.Generator, memory: Memory | None = None) -> Choice:
        """Fill the places one after the other from the same draws."""
        count = len(seen.scores)
        n = min(n, count)
        if not n:
            return Choice(np.zeros(0, np.intp), np.zeros(0))
        drawn = self._drawn(seen, rng, memory)
        luck = rng.random((3, n))
        chosen: list[int] = []
        propensities = np.empty(n)
        for place in range(n):
            left, shares = count - place, drawn.shares(chosen)
            known = bool(shares.any())
            if not known or luck[0, place] < self.floor:
                one = nth_left(chosen, int(luck[1, place] * left))
            else:
                one = int(drawn.short[_drawn_from(shares, luck[2, place])])
            best = drawn.share_of(one, shares)
            propensities[place] = (1 - self.floor) * best + self.floor / left if known else 1 / left
            chosen.append(one)
        return Choice(np.array(chosen, np.intp), propensities)

    def odds(
        self, seen: Seen, before: NDArray[np.intp], rng: np.random.Generator, memory: Memory | None = None
    ) -> NDArray[np.float64]:
        """The chances that `place` uses when it draws the same values."""
        drawn = self._drawn(seen, rng, memory)
        shares, left = drawn.shares(before.tolist()), max(len(seen.scores) - len(before), 1)
        known = bool(shares.any())
        chances = np.full(len(seen.scores), (self.floor if known else 1.0) / left)
        chances[before] = 0.0
        chances[drawn.short] += (1 - self.floor) * shares
        return chances

    def choose(self, scores: Scores, n: int, rng: np.random.Generator) -> Choice:
        """Choose by scores alone, with nothing learnt."""
        return self.place(Seen(scores), n, rng)

    def chances(self, scores: Scores, before: NDArray[np.intp]) -> NDArray[np.float64]:
        """The chances by scores alone, with nothing learnt and one set of draws."""
        return self.odds(Seen(scores), before, np.random.default_rng(0))

    def _drawn(self, seen: Seen, rng: np.random.Generator, memory: Memory | None) -> Drawn:
        known = memory or _nothing(self, WIDTH if seen.features is None else len(seen.features))
        count = len(seen.scores)
        whole = _filled(seen, known)
        if count <= SHORTLIST:
            return Drawn(np.arange(count), self.draws(whole, known, rng))
        reach = np.asarray(self.reach(whole, known), np.float32)
        short = np.sort(top(reach[None, :], SHORTLIST)[0][0]).astype(np.intp)
        return Drawn(short, self.draws(_among(whole, short), known, rng))


@lru_cache(256)
def _remembered_as(learner: Learner) -> str:
    told = {name: getattr(learner, name) for name in learner.remembers}
    return json.dumps({"policy": learner.policy()} | told, sort_keys=True)


@lru_cache(256)
def _nothing(learner: Learner, width: int) -> Memory:
    return learner.nothing(width)


def expected(memory: Memory, weight: float = 1.0) -> float:
    """The click rate over all ads, drawn towards a first guess where little was shown; sums count with a `weight`."""
    shown, clicked = (weight * float(memory.own[name].sum()) for name in (SHOWN, CLICKED))
    return min((clicked + FIRST_GUESS * GUESSED_FROM) / (max(shown, clicked) + GUESSED_FROM), 0.99)


def valued(rates: Floats, seen: Seen) -> Floats:
    """Click rates as what a place is worth: times the bid as far as bids count."""
    return rates if seen.worth is None else np.maximum(rates, 0.0) * seen.worth


def relevance(seen: Seen) -> Floats:
    """What the ranking gave each candidate without its bid."""
    scores = seen.scores.astype(np.float64)
    return scores if seen.worth is None else scores / seen.worth


def _filled(seen: Seen, memory: Memory) -> Seen:
    """The same with a row for every candidate."""
    nothing = len(memory.ids)
    rows: Any = (
        np.full(len(seen.scores), nothing) if seen.ads is None else np.where(seen.ads < 0, nothing, seen.ads)
    )
    return Seen(seen.scores, rows, seen.features, seen.worth)


def _among(seen: Seen, short: NDArray[np.intp]) -> Seen:
    ads = None if seen.ads is None else seen.ads[short]
    return Seen(seen.scores[short], ads, seen.features, None if seen.worth is None else seen.worth[short])


def _drawn_from(shares: Floats, luck: float) -> int:
    """The place that a number from 0 to 1 falls on; never one without a share."""
    sums = np.cumsum(shares)
    return min(int(np.searchsorted(sums, luck * sums[-1], side="right")), int(shares.nonzero()[0][-1]))

"""Logged answers as the rows of a judgement: what was shown, its chance, and the chance that another policy gives it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.errors import InputError
from reco_lab.core.events import Stage
from reco_lab.core.words import count
from reco_lab.experiments.logged import Floats, Logged, Modelled
from reco_lab.experiments.reward_model import MOST_TRAITS, cross_fitted
from reco_lab.store.events.judging import Served

MOST_CELLS = 20_000_000
SUMS_TO_ONE = 1e-6
Places = Literal["first", "all"]
Reward = Literal["clicks", "income"]
Odds = Callable[[Served, NDArray[np.intp]], Floats]


@dataclass(frozen=True)
class Asked:
    """What is judged: the answers of a period, by the first place of each or by all places, in clicks or in income.

    At a further place a policy is judged given what stood before it: the weight is the product up to that place.
    Income is what the ads pay: for being shown, and for the first click.
    """

    since: datetime
    until: datetime
    places: Places = "first"
    reward: Reward = "clicks"


@dataclass(eq=False)
class AnswerRows:
    """The rows of a judgement while answers are read one after the other, with what a reward model looks at."""

    customers: list[str] = field(default_factory=list)
    reward: list[float] = field(default_factory=list)
    propensity: list[float] = field(default_factory=list)
    target: list[float] = field(default_factory=list)
    choices: list[float] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    used: int = 0
    _traits: list["_Traits"] = field(default_factory=list)

    def add(self, one: Served, odds: Odds, asked: Asked, *, even: bool) -> None:
        """Use an answer, or count why not. InputError where the chances of its candidates do not sum to 1."""
        places = 1 if asked.places == "first" else len(one.ads)
        if reason := _unusable(one, places, even=even):
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
            return
        found = list(_places(one, odds, places))
        known, would, among = 1.0, 1.0, 1.0
        for place, (chance, traits) in enumerate(found):
            known, would = known * one.propensities[place], would * chance
            among *= max(one.candidates - place, 1)
            self.customers.append(one.customer or f"\0{one.request_id}")
            self.reward.append(_reward(one, place, asked.reward))
            self.propensity.append(known)
            self.target.append(would)
            self.choices.append(among)
            self._traits.append(traits)
        self.used += 1

    def logged(self) -> Logged:
        """The rows as they are judged."""
        customers = np.unique(self.customers, return_inverse=True)[1].astype(np.int64)
        return Logged(
            customers,
            np.array(self.reward),
            np.array(self.propensity),
            np.minimum(np.array(self.target), 1.0),
            np.array(self.choices),
            self._modelled(customers),
        )

    def _modelled(self, customers: NDArray[np.int64]) -> Modelled | None:
        """What a model expects of the ads by who they are, their score and their place; None where not all was kept."""
        if any(one.ids is None for one in self._traits):
            return None
        ads = sorted({id_ for one in self._traits for id_ in one.ids or ()})
        cells = sum(len(one.ids or ()) for one in self._traits)
        if len(ads) > MOST_TRAITS or cells > MOST_CELLS:
            return None
        known = {id_: place for place, id_ in enumerate(ads)}
        done, expected = (
            _design(
                [one.line(known, chances) for one in self._traits for chances in (getattr(one, side),)],
                len(ads),
            )
            for side in ("done", "chances")
        )
        return cross_fitted(np.array(self.reward), customers, done, expected)


@dataclass(frozen=True, eq=False)
class _Traits:
    """The candidates of one place: their ids and scores, which was placed (a chance of 1), what the target would do."""

    place: int
    ids: tuple[str, ...] | None = None
    scores: Floats | None = None
    done: Floats | None = None
    chances: Floats | None = None

    def line(self, known: dict[str, int], chances: Floats | None) -> tuple[NDArray[np.intp], Floats]:
        """Columns and values: each ad by its chance, then the mean score, then the place."""
        if self.ids is None or self.scores is None or chances is None:
            return np.zeros(0, np.intp), np.zeros(0)
        some = np.flatnonzero(chances)
        columns = np.array([known[self.ids[one]] for one in some.tolist()], np.intp)
        more = np.array([len(known), len(known) + 1], np.intp)
        scale = float(np.abs(self.scores).max()) or 1.0
        return np.concatenate((columns, more)), np.concatenate(
            (chances[some], [float(chances @ self.scores) / scale, float(self.place)])
        )


def _design(lines: Sequence[tuple[NDArray[np.intp], Floats]], ads: int) -> sparse.csr_array:
    ends = np.concatenate(([0], np.cumsum([len(columns) for columns, _ in lines])))
    columns, values = (np.concatenate([line[side] for line in lines]) for side in (0, 1))
    return sparse.csr_array((values, columns, ends), shape=(len(lines), ads + 2))


def _unusable(one: Served, places: int, *, even: bool) -> str:
    if one.stage == Stage.house.value:
        return "nothing but the shop's own ads could be shown"
    if min(one.propensities[:places]) <= 0:
        return "the log gives what was shown no chance"
    if one.ids is None and not even:
        return "what they were chosen from was not kept"
    if one.ids is not None and not set(one.ads[:places]) <= set(one.ids):
        return "an ad of the house filled a place"
    return ""


def _places(one: Served, odds: Odds, places: int) -> Iterator[tuple[float, _Traits]]:
    """The chance that the target puts the same ad at each place, given those before."""
    if one.ids is None or one.scores is None:
        for place in range(places):
            yield 1 / max(one.candidates - place, 1), _Traits(place)
        return
    at = [one.ids.index(ad) for ad in one.ads[:places]]
    scores = one.scores.astype(np.float64)
    for place, chosen in enumerate(at):
        chances = odds(one, np.array(at[:place], np.intp))
        if len(chances) != len(one.ids) or abs(float(chances.sum()) - 1) > SUMS_TO_ONE or chances.min() < 0:
            raise InputError(
                f"The chances of this policy sum to {float(chances.sum()):.3f} over {count(len(one.ids), 'candidate')} "
                "and not to 1, so nothing can be weighed by them.",
                fix="Judge another policy; this one has to be mended.",
            )
        done = np.zeros(len(one.ids))
        done[chosen] = 1.0
        yield float(chances[chosen]), _Traits(place, one.ids, scores, done, chances)


def _reward(one: Served, place: int, reward: Reward) -> float:
    clicked = float(one.clicked[place])
    return clicked if reward == "clicks" else one.charged[place] + clicked * one.click_cost[place]

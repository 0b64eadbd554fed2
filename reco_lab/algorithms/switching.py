from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationInfo, field_validator

from reco_lab.algorithms._lessons import Lesson
from reco_lab.algorithms._parts import (
    Parts,
    Specs,
    fit_parts,
    named,
    parts_state,
    popularity_for,
    restored_parts,
)
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.recommender import (
    Codes,
    Contributions,
    FitContext,
    Info,
    Need,
    Recommender,
    Scorer,
    Scores,
    State,
)

Thresholds = tuple[int, ...]
USUAL = (1, 5, 25, 125)


class Switching(Recommender):
    """Asks one of several recommenders, by how long the customer's history is.

    The parts stand in the order of the histories they are for, the shortest first; part n is asked from
    `thresholds[n - 1]` entries on. Without `thresholds` those are sought that give the highest nDCG@10 on the
    validation part; where there is none part 2 begins at 1 entry, part 3 at 5. Without `parts` these are
    popularity, content where items have attributes, and iALS.
    """

    info: ClassVar[Info] = Info(
        label="Switching hybrid",
        family="hybrid",
        summary=(
            "Uses a simple recommender for customers of whom little is known and a clever one for those with a "
            "long history, and learns where to change over. Its lists are those of one recommender at a time, so "
            "they are as easy to explain."
        ),
        paper="Burke: Hybrid Recommender Systems: Survey and Experiments, UMUAI 2002",
        seeded=True,
    )
    cost: ClassVar[tuple[str, ...]] = ("once", "rows", "pairs")
    thresholds: Thresholds = ()

    @field_validator("thresholds")
    @classmethod
    def _between_the_parts(cls, thresholds: Thresholds, info: ValidationInfo) -> Thresholds:
        count = len(info.data.get("parts", ()))
        if thresholds and len(thresholds) != count - 1:
            raise ValueError(f"{len(thresholds)} thresholds for {count} parts; give one fewer than parts")
        if any(later < earlier for earlier, later in pairwise((0, *thresholds))):
            raise ValueError("thresholds must be numbers from 0 up, none below the one before it")
        return thresholds

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Fit every part, then learn where to change over unless that is given."""
        self.require(data)
        specs, parts = fit_parts(self.made_of(data), data, ctx)
        thresholds, learnt = self.thresholds, {}
        if not thresholds and ctx.validation is not None:
            thresholds = learn_thresholds(parts, Lesson.of(data, ctx.validation, ctx))
            learnt = {"parts": specs, "thresholds": thresholds} if thresholds else {}
        ctx.report(1.0, "fitted")
        return Switch(parts, thresholds or USUAL[: len(parts) - 1], specs, learnt)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        specs, parts = restored_parts(state)
        return Switch(parts, tuple(state.meta["thresholds"]), specs, {})

    def made_of(self, data: Dataset) -> Specs:
        """Popularity (the recent one where there are times), content where items have attributes, and iALS."""
        content = named("content") if Need.item_attributes.met(data) else ()
        return self.parts or named(popularity_for(data)) + content + named("ials")


class Switch(Scorer):
    """Scores are those of the part that is asked; where it has no answer, of the first part that has one."""

    def __init__(self, parts: Parts, thresholds: Thresholds, specs: Specs, learnt: Mapping[str, Any]) -> None:
        self.parts, self.thresholds, self.specs = parts, thresholds, specs
        self.n_items = parts[0].n_items
        self.folds_in = all(part.folds_in for part in parts)
        self._learnt = learnt

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Each customer's scores by her own part."""
        scores = np.zeros((len(batch), self.n_items if items is None else len(items)), np.float32)
        asked = self.asked(batch)
        for place, part in enumerate(self.parts):
            rows = np.flatnonzero(asked == place)
            if len(rows):
                scores[rows] = part.score(batch.take(rows), items)
        return scores

    def asked(self, batch: UserBatch) -> NDArray[np.int64]:
        """Which part is asked for each customer."""
        wanted = np.searchsorted(self.thresholds, batch.lengths, side="right")
        voices = np.stack([part.answers(batch) for part in self.parts])
        answered = voices[wanted, np.arange(len(batch))]
        return np.where(answered, wanted, voices.argmax(axis=0))

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Customers that at least one part answers."""
        return np.asarray(np.any([part.answers(batch) for part in self.parts], axis=0))

    def bases(self, batch: UserBatch) -> list[Stage]:
        """What the part that is asked names."""
        each = [part.bases(batch) for part in self.parts]
        return [each[part][row] for row, part in enumerate(self.asked(batch).tolist())]

    def learnt(self) -> Mapping[str, Any]:
        """The parts and the thresholds that the validation part settled."""
        return self._learnt

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions | None:
        """What the part that is asked says."""
        return self.parts[int(self.asked(batch)[0])].contributions(batch, items)

    def state(self) -> State:
        """The thresholds, the parts' specifications, and the parts as children."""
        return parts_state(self.specs, self.parts, {"thresholds": list(self.thresholds)})


def learn_thresholds(parts: Parts, lesson: Lesson) -> Thresholds:
    """The thresholds with the highest mean nDCG@10 of all that there are; empty where nobody can be judged.

    Customers are put in the order of their histories' lengths and every way to cut that order is weighed at
    once. A part comes in only where that gains more than one standard error of the mean.
    """
    if not len(lesson) or len(parts) < 2:
        return ()
    levels, owners = np.unique(lesson.batch.lengths, return_inverse=True)
    lesson.ctx.report(len(parts) / (len(parts) + 1), "learning the thresholds")
    judged = np.stack([lesson.ndcg(part) for part in parts])
    gains = [np.bincount(owners, one, minlength=len(levels)) for one in judged]
    starts = _cut(np.cumsum(gains, axis=1), float(judged.std() * np.sqrt(len(lesson))))
    return tuple(int(levels[place]) if place < len(levels) else int(levels[-1]) + 1 for place in starts)


def _cut(so_far: NDArray[np.float64], toll: float) -> list[int]:
    """Where each part but the first begins, so that most is gained; each part that gets a level pays the toll.

    `so_far` is parts x levels: what a part gains on all levels up to each.
    """
    so_far = np.pad(so_far, ((0, 0), (1, 0)))
    places = np.arange(so_far.shape[1])
    best, origins = so_far[0] - toll * (places > 0), []
    for gained in so_far[1:]:
        before = best - gained
        reached = np.maximum.accumulate(before)
        origin = np.maximum.accumulate(np.where(before == reached, places, 0))
        joined = reached + gained - toll
        origins.append(np.where(joined > best, origin, places))
        best = np.maximum(best, joined)
    starts, place = [], int(places[-1])
    for origin in reversed(origins):
        place = int(origin[place])
        starts.append(place)
    return starts[::-1]

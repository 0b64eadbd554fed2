"""Shortlists of several models put in order by trees: what the trees look at, how they learn, how they score."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.algorithms._blending import standardised
from reco_lab.algorithms._lessons import Lesson
from reco_lab.algorithms._parts import Parts, Specs, ahead, bases_together, between_0_and_1, parts_state
from reco_lab.algorithms._trees import Forest
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.features import Encoder
from reco_lab.core.ranking import blocks
from reco_lab.core.recommender import Codes, Scorer, Scores, State

LATELY = 0.1
DECIMALS = 3
MOST_CUSTOMERS, MOST_PAIRS = 3000, 200_000

Numbers = NDArray[np.float32]


class Reranked(Scorer):
    """Scores are what the trees say of each customer's candidates; below them comes the parts' mean opinion.

    Candidates are what any part ranks among its first. `about` is float32 items x features. Without a forest
    the mean of the parts' standardised scores is all there is.
    """

    def __init__(
        self,
        parts: Parts,
        specs: Specs,
        about: Numbers,
        candidates: int,
        forest: Forest | None = None,
        learnt: Mapping[str, Any] | None = None,
    ) -> None:
        self.parts, self.specs, self.about, self.candidates, self.forest = (
            parts,
            specs,
            about,
            candidates,
            forest,
        )
        self.n_items = parts[0].n_items
        self.folds_in = all(part.folds_in for part in parts)
        self._learnt = learnt or {}

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Log-odds of the candidates; always of all items, for what is a candidate depends on all."""
        opinions = self.opinions(batch)
        mean = opinions[0].copy()
        for one in opinions[1:]:
            mean += one
        mean /= np.float32(len(opinions))
        if self.forest is not None:
            rows, columns = np.nonzero(self.shortlist(opinions, batch))
            said = self.forest.evaluate(self.features(opinions, batch, rows, columns))
            mean = between_0_and_1(mean) + np.float32(self.forest.lowest - 2)
            mean[rows, columns] = said
        return mean if items is None else mean[:, items]

    def opinions(self, batch: UserBatch) -> list[Scores]:
        """Each part's standardised scores: customers x items."""
        return [standardised(part, batch) for part in self.parts]

    def shortlist(self, opinions: list[Scores], batch: UserBatch) -> NDArray[np.bool_]:
        """Marks what any part that has an opinion ranks among its first."""
        told = (ahead(one, batch, self.candidates) & one.any(axis=1, keepdims=True) for one in opinions)
        return reduce(np.logical_or, told)

    def features(self, opinions: list[Scores], batch: UserBatch, rows: Codes, columns: Codes) -> Numbers:
        """What the trees look at: each part's score, how far it is from the part's best, their mean, the history's length, the item."""
        said = [one[rows, columns] for one in opinions]
        behind = [own - one.max(axis=1)[rows] for one, own in zip(opinions, said, strict=True)]
        length = np.log1p(batch.lengths[rows])
        looked_at = np.column_stack([*said, *behind, np.mean(said, axis=0), length, self.about[columns]])
        # A bar between two values that differ by rounding alone would send equal candidates both ways.
        return np.round(looked_at, DECIMALS).astype(np.float32)

    @property
    def width(self) -> int:
        """How many numbers the trees look at."""
        return len(self.directions)

    @property
    def directions(self) -> list[int]:
        """What speaks for a candidate (1), and what may speak for or against it (0), as `features` has them."""
        return [1] * (2 * len(self.parts) + 1) + [0] * (1 + self.about.shape[1])

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Customers that at least one part answers."""
        return np.asarray(np.any([part.answers(batch) for part in self.parts], axis=0))

    def bases(self, batch: UserBatch) -> list[Stage]:
        """The most personal that a part names."""
        return bases_together(self.parts, batch)

    def learnt(self) -> Mapping[str, Any]:
        """The parts and the trees that the validation part settled."""
        return self._learnt

    def state(self) -> State:
        """What is known of the items, the trees as arrays, and the parts as children."""
        trees = {} if self.forest is None else {"nodes": self.forest.nodes}
        return parts_state(self.specs, self.parts, {"candidates": self.candidates}, about=self.about, **trees)


@dataclass(frozen=True)
class Growth:
    """How the trees are grown."""

    trees: int
    leaves: int
    learning_rate: float


def learn_forest(model: Reranked, lesson: Lesson, growth: Growth) -> Forest | None:
    """Trees that tell what customers came for from the rest of their candidates; None where there is no such thing.

    At most 3000 customers are asked, and of what they did not come for at most 200,000 pairs, drawn by the seed.
    """
    rng = lesson.ctx.rng()
    if len(lesson) > MOST_CUSTOMERS:
        lesson = lesson.taught_by(np.sort(rng.choice(len(lesson), MOST_CUSTOMERS, replace=False)))
    share = MOST_PAIRS / max(1, len(lesson) * len(model.parts) * model.candidates)
    features, wanted = [], []
    for start, stop in blocks(len(lesson), model.n_items):
        part = lesson.taught_by(np.arange(start, stop))
        batch = part.batch.within(model.n_items)
        opinions = model.opinions(batch)
        rows, columns = np.nonzero(model.shortlist(opinions, batch) & _offered(part, batch))
        chosen = part.relevant.toarray()[rows, columns] > 0
        kept = chosen | (rng.random(len(rows)) < share)
        rows, columns = rows[kept], columns[kept]
        features.append(model.features(opinions, batch, rows, columns))
        wanted.append(chosen[kept])
        lesson.ctx.report(len(model.parts) / (len(model.parts) + 1), "learning the order")
    labels = np.concatenate(wanted) if wanted else np.zeros(0, np.bool_)
    if labels.all() or not labels.any():
        return None
    return Forest.grow(np.concatenate(features), labels, model.directions, **vars(growth))


def about_items(data: Dataset) -> Numbers:
    """What is known of each item: how popular it is, how much of that is recent, and its numbers (standardised)."""
    log = data.interactions
    counts = np.log1p(log.item_counts)
    lately = np.zeros(log.n_items)
    if log.times is not None:
        late = log.times >= np.quantile(log.times.astype(np.int64), 1 - LATELY).astype("datetime64[us]")
        rows = np.bincount(log.items, minlength=log.n_items)
        lately = np.bincount(log.items, late, minlength=log.n_items) / np.maximum(rows, 1)
    return np.column_stack([counts, lately, *_numbers(data.items)]).astype(np.float32)


def _numbers(table: pd.DataFrame | None) -> list[NDArray[np.float32]]:
    encodings = () if table is None else Encoder.learn(table).encodings
    return [
        one.apply(table[one.column]).toarray().ravel()
        for one in encodings
        if table is not None and one.kind == "number"
    ]


def _offered(lesson: Lesson, batch: UserBatch) -> NDArray[np.bool_]:
    """Marks what may stand on each customer's list."""
    shape = (len(batch), lesson.relevant.shape[1])
    offered = np.ones(shape, np.bool_)
    if lesson.candidates is not None and lesson.candidates.items is not None:
        offered &= lesson.candidates.items
    if lesson.candidates is not None and lesson.candidates.pairs is not None:
        offered &= lesson.candidates.pairs.toarray() > 0
    if not lesson.ctx.repeats:
        kinds = lesson.ctx.seen_kinds
        seen = np.isin(batch.kinds, kinds) if kinds else np.ones(len(batch.items), np.bool_)
        offered[batch.owners[seen], batch.items[seen]] = False
    return offered

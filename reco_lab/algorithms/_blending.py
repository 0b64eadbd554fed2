"""How several models' scores become one: brought to the same scale, weighed, and where the weights come from."""

from collections.abc import Callable, Mapping
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reco_lab.algorithms._lessons import Lesson
from reco_lab.algorithms._parts import bases_together, parts_state
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.interactions import Interactions
from reco_lab.core.recommender import Codes, Contributions, FitContext, Recommender, Scorer, Scores, State

Weights = tuple[float, ...]
Scale = NDArray[np.float64]
LEARN_FROM_AT_MOST = 1000
LEARN_BYTES = 256 << 20
STEPS = (0.3, 0.1, 0.05)


class Blend(Scorer):
    """Scores are the weighted sum of the parts' standardised scores.

    A part that has no answer for a customer adds nothing to her scores. `specs` are the parts'
    specifications, and the names under which they appear in explanations.
    """

    def __init__(
        self,
        parts: tuple[Scorer, ...],
        weights: Weights,
        specs: tuple[Recommender, ...],
        learnt: Mapping[str, Any],
    ) -> None:
        self.parts, self.specs = parts, specs
        self.weights: Weights = tuple(float(weight) / sum(weights) for weight in weights)
        self.n_items = parts[0].n_items
        self.folds_in = all(part.folds_in for part in parts)
        self._learnt = learnt

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The weighted sum of the standardised scores; always standardised over all items."""
        scores = np.zeros((len(batch), self.n_items), np.float32)
        for part, weight in zip(self.parts, self.weights, strict=True):
            if weight:
                scores += np.float32(weight) * standardised(part, batch)
        return scores if items is None else scores[:, items]

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Customers that at least one part answers."""
        return np.asarray(np.any([part.answers(batch) for part in self._heard], axis=0))

    def bases(self, batch: UserBatch) -> list[Stage]:
        """The most personal that a part which counts names."""
        return bases_together(self._heard, batch)

    @property
    def _heard(self) -> list[Scorer]:
        return [part for part, weight in zip(self.parts, self.weights, strict=True) if weight]

    def learnt(self) -> Mapping[str, Any]:
        """The parts and the weights that the validation part settled."""
        return self._learnt

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """What each history entry adds, where every part that counts can say so; else what each part adds.

        The first is exact: a weighted sum of the parts' own contributions, each over the spread of its scores.
        """
        heard = [(part, weight) for part, weight in zip(self.parts, self.weights, strict=True) if weight]
        told = [_told(part, weight, batch, items) for part, weight in heard]
        shares = [one for one in told if one is not None]
        if len(shares) == len(told):
            weights, base = (np.sum([share[place] for share in shares], axis=0) for place in (0, 1))
            return Contributions(weights.astype(np.float32), base.astype(np.float32))
        rows = [
            np.float32(weight) * standardised(part, batch)[0, items]
            for part, weight in zip(self.parts, self.weights, strict=True)
        ]
        labels = tuple(spec.info.label for spec in self.specs)
        return Contributions(np.stack(rows), np.zeros(len(items), np.float32), labels)

    def state(self) -> State:
        """The weights, the parts' specifications, and the parts as children."""
        return parts_state(self.specs, self.parts, {"weights": list(self.weights)})


def standardised(part: Scorer, batch: UserBatch) -> Scores:
    """A part's scores per customer with mean 0 and spread 1; zeros where it has no answer or no preference."""
    from reco_lab.algorithms._kernels.blending import standardise

    scores = np.require(part.score(batch), np.float32, ["C", "W", "O"])
    standardise(scores, *_scale(part, batch, scores))
    return scores


def _scale(part: Scorer, batch: UserBatch, scores: Scores) -> tuple[Scale, Scale]:
    """The middle and the spread of each customer's scores; a spread of 0 where the part has nothing to say."""
    from reco_lab.algorithms._kernels.blending import measure

    middles, spreads = (np.empty(len(scores)) for _ in range(2))
    sizes = np.empty(len(scores), np.float32)
    measure(scores, middles, spreads, sizes)
    silent = (spreads <= np.finfo(np.float32).eps * sizes.astype(np.float64)) | ~part.answers(batch)
    return middles, np.where(silent, 0.0, spreads)


def _told(part: Scorer, weight: float, batch: UserBatch, items: Codes) -> tuple[Scale, Scale] | None:
    """What each history entry adds to a part's weighted voice and what is left; None where it cannot say."""
    scores = np.require(part.score(batch), np.float32, ["C", "W"])
    middle, spread = (side[0] for side in _scale(part, batch, scores))
    if not spread:
        return np.zeros((len(batch.items), len(items))), np.zeros(len(items))
    own = part.contributions(batch, items)
    if own is None or own.labels:
        return None
    factor = weight / spread
    return own.weights * factor, (own.base - middle) * factor


def learn_weights(
    parts: tuple[Scorer, ...], data: Dataset, validation: Interactions, ctx: FitContext
) -> Weights:
    """The weights whose lists have the highest nDCG@10 on the validation part; empty where nobody can be judged.

    From equal weights, and from each part alone, weight is moved between parts in ever smaller steps while
    that helps. At most 1000 customers are asked, drawn by the seed.
    """
    lesson = Lesson.of(data, validation, ctx)
    room = max(1, min(LEARN_FROM_AT_MOST, LEARN_BYTES // (4 * data.interactions.n_items * len(parts))))
    if not len(lesson):
        return ()
    if len(lesson) > room:
        lesson = lesson.taught_by(np.sort(ctx.rng().choice(len(lesson), room, replace=False)))
    opinions = [standardised(part, lesson.batch.within(part.n_items)) for part in parts]

    def quality(weights: Weights) -> float:
        ctx.report(len(parts) / (len(parts) + 1), "learning the weights")
        blended = sum(
            (np.float32(weight) * opinion for weight, opinion in zip(weights, opinions, strict=True)),
            np.zeros_like(opinions[0]),
        )
        return float(lesson.ndcg(_Table(lesson.batch.codes, blended)).mean())

    return _climb(quality, len(parts))


class _Table(Scorer):
    """Scores that are already known, by customer code (sorted)."""

    folds_in = False

    def __init__(self, codes: Codes, table: Scores) -> None:
        self.codes, self.table, self.n_items = codes, table, table.shape[1]

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The rows of these customers."""
        rows = self.table[np.searchsorted(self.codes, batch.codes)]
        return rows if items is None else rows[:, items]

    def state(self) -> State:
        """The table."""
        return State({"codes": self.codes, "table": self.table})


def _climb(quality: Callable[[Weights], float], count: int) -> Weights:
    alone = [tuple(float(place == chosen) for place in range(count)) for chosen in range(count)]
    known = {weights: quality(weights) for weights in [(1 / count,) * count, *alone]}
    best = max(known, key=lambda weights: known[weights])
    for step in STEPS:
        while True:
            for weights in _moves(best, step):
                if weights not in known:
                    known[weights] = quality(weights)
            better = max(known, key=lambda weights: known[weights])
            if known[better] <= known[best]:
                break
            best = better
    return best


def _moves(weights: Weights, step: float) -> list[Weights]:
    """All ways to move at most `step` of the weight from one part to another."""
    moved = []
    for giver, taker in permutations(range(len(weights)), 2):
        share = min(step, weights[giver])
        changed = np.array(weights)
        changed[[giver, taker]] += (-share, share)
        moved.append(tuple(np.round(changed, 6).tolist()))
    return moved

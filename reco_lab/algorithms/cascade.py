from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from reco_lab.algorithms._parts import (
    Parts,
    Specs,
    bars_of,
    bases_together,
    fit_parts,
    named,
    parts_state,
    restored_parts,
)
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.parameters import tunable
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

CANDIDATES = 2.0


class Cascade(Recommender):
    """The first part picks a shortlist for each customer, the second puts it in order.

    Within the shortlist both parts' scores are brought to 0 to 1 and weighed; behind it comes what the first
    part ranks lower, in its order. A part that has no answer for a customer leaves the whole to the other.
    Without `parts` iALS picks and the Markov chain orders, item k-NN where there are no times.
    """

    info: ClassVar[Info] = Info(
        label="Cascade",
        family="hybrid",
        summary=(
            "One recommender draws up a shortlist, another puts it in order: the first knows what suits the "
            "customer in the long run, the second what she wants right now. Cheap, because the second looks at "
            "a hundred items and not at all of them."
        ),
        paper="Burke: Hybrid Recommender Systems: Survey and Experiments, UMUAI 2002",
        seeded=True,
    )
    candidates: int = tunable(100, 5, 2000, log=True, help="How many items the first part picks")
    weight: float = tunable(
        0.5, 0.0, 1.0, help="How much the second part's order counts; what is left of 1 is the first's"
    )

    @field_validator("parts")
    @classmethod
    def _two(cls, parts: Specs) -> Specs:
        if len(parts) not in {0, 2}:
            raise ValueError(f"a cascade has two parts, not {len(parts)}: one that picks and one that orders")
        return parts

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Fit both parts."""
        self.require(data)
        specs, parts = fit_parts(self.made_of(data), data, ctx)
        ctx.report(1.0, "fitted")
        return Shortlist(parts, specs, self.candidates, self.weight, learnt=self._learnt(specs))

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        specs, parts = restored_parts(state)
        return Shortlist(parts, specs, state.meta["candidates"], state.meta["weight"], learnt={})

    def made_of(self, data: Dataset) -> Specs:
        """iALS, and the Markov chain where there are times, else item k-NN."""
        return self.parts or named("ials", "markov" if Need.times.met(data) else "item_knn")

    def _learnt(self, specs: Specs) -> dict[str, Any]:
        """The parts, where one has settled something itself."""
        return {"parts": specs} if self.parts and specs != self.parts else {}


class Shortlist(Scorer):
    """Scores are from 2 to 3 on the shortlist and from 0 to 1 behind it."""

    def __init__(
        self, parts: Parts, specs: Specs, candidates: int, weight: float, learnt: dict[str, Any]
    ) -> None:
        self.parts, self.specs, self.candidates, self.weight = parts, specs, candidates, weight
        self.n_items = parts[0].n_items
        self.folds_in = all(part.folds_in for part in parts)
        self._learnt = learnt

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The sum of what both parts say; always of all items, for a shortlist is of all."""
        scores, orders = self._voices(batch)
        scores += orders
        return scores if items is None else scores[:, items]

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Customers that a part answers."""
        return np.asarray(self.parts[0].answers(batch) | self.parts[1].answers(batch))

    def bases(self, batch: UserBatch) -> list[Stage]:
        """The most personal that a part names."""
        return bases_together(self.parts, batch)

    def learnt(self) -> dict[str, Any]:
        """What the parts settled."""
        return self._learnt

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions:
        """What the part that picks and the part that orders add."""
        rows = np.concatenate([voice[:, items] for voice in self._voices(batch)])
        labels = tuple(spec.info.label for spec in self.specs)
        return Contributions(rows, np.zeros(len(items), np.float32), labels)

    def state(self) -> State:
        """The settings, the parts' specifications, and the parts as children."""
        return parts_state(self.specs, self.parts, {"candidates": self.candidates, "weight": self.weight})

    def _voices(self, batch: UserBatch) -> tuple[Scores, Scores]:
        from reco_lab.algorithms._kernels.blending import put_in_order

        first, second = (np.require(part.score(batch), np.float32, ["C", "W", "O"]) for part in self.parts)
        picks, orders = (part.answers(batch) for part in self.parts)
        bars = np.where(picks, bars_of(first, batch, self.candidates), np.float32(-np.inf))
        weights = np.where(orders, np.where(picks, self.weight, 1.0), 0.0)
        put_in_order(first, second, bars, weights, CANDIDATES)
        return first, second

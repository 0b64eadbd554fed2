from typing import ClassVar

import numpy as np
from pydantic import ValidationInfo, field_validator

from reco_lab.algorithms._blending import Blend, Weights, learn_weights
from reco_lab.algorithms._parts import fit_parts, named, popularity_for, restored_parts
from reco_lab.core.dataset import Dataset
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class Hybrid(Recommender):
    """Adds up what several recommenders say, each brought to the same scale, with weights learnt on validation.

    Each part's scores are standardised per customer over all items. Without `weights` those are sought that
    give the highest nDCG@10 on the validation part; where there is none all parts count alike. Without
    `parts` EASE, iALS and popularity vote, and content where items have attributes.
    """

    info: ClassVar[Info] = Info(
        label="Hybrid",
        family="hybrid",
        summary=(
            "Lets several recommenders vote and learns how much each vote should count. Makes up for one "
            "model's blind spots with another's eyes: content for new items, popularity for new customers."
        ),
        paper="Burke: Hybrid Recommender Systems: Survey and Experiments, UMUAI 2002",
        seeded=True,
    )
    cost: ClassVar[tuple[str, ...]] = ("once", "rows", "item pairs", "items squared", "items cubed")
    weights: Weights = ()

    @field_validator("weights")
    @classmethod
    def _one_a_part(cls, weights: Weights, info: ValidationInfo) -> Weights:
        if weights and len(weights) != len(info.data.get("parts", ())):
            raise ValueError(
                f"{len(weights)} weights for {len(info.data.get('parts', ()))} parts; give one a part"
            )
        if weights and not (np.isfinite(weights).all() and min(weights) >= 0 and sum(weights) > 0):
            raise ValueError("weights must be numbers from 0 up, not all 0")
        return weights

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Fit every part, then learn the weights unless they are given."""
        self.require(data)
        specs, parts = fit_parts(self.made_of(data), data, ctx)
        weights, learnt = self.weights, {}
        if not weights and ctx.validation is not None:
            weights = learn_weights(parts, data, ctx.validation, ctx)
            learnt = {"parts": specs, "weights": weights} if weights else {}
        ctx.report(1.0, "fitted")
        return Blend(parts, weights or (1.0,) * len(parts), specs, learnt)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        specs, parts = restored_parts(state)
        return Blend(parts, tuple(state.meta["weights"]), specs, {})

    def made_of(self, data: Dataset) -> tuple[Recommender, ...]:
        """EASE, iALS and popularity (the recent one where there are times), with content where items have attributes."""
        content = named("content") if Need.item_attributes.met(data) else ()
        return self.parts or named("ease", "ials", popularity_for(data)) + content

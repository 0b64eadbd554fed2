"""Why an ad was chosen, in one sentence a customer may read."""

from collections.abc import Callable

import numpy as np

from reco_lab.core.ads import Ad
from reco_lab.core.events import Stage
from reco_lab.serving.decide import Chosen
from reco_lab.serving.snapshot import Snapshot

IN_GENERAL = {
    Stage.model: "Chosen for what you looked at and bought.",
    Stage.attributes: "Liked by customers like you.",
    Stage.segment: "Popular with customers like you.",
    Stage.popular: "Popular just now.",
    Stage.house: "From our shop.",
}


UNRANKED = "One of the ads that may be shown here."


def reason_of(snapshot: Snapshot, chosen: Chosen, ad: Ad, title: Callable[[int], str]) -> str:
    """The item of her history that speaks most for an ad where the model can say so, else what ranked it."""
    weighed, booked = chosen.weighed, snapshot.booked
    item = int(booked.promoted[booked.places[ad.id]])
    if ad.house:
        return IN_GENERAL[Stage.house]
    if weighed.ranker is None:
        return UNRANKED
    if item < 0 or weighed.ranker is None or weighed.batch is None or weighed.stage is not Stage.model:
        return IN_GENERAL[weighed.stage]
    scorer = weighed.ranker.scorer
    batch = weighed.batch.within(scorer.n_items)
    parts = scorer.contributions(batch, np.array([item])) if item < scorer.n_items else None
    if parts is None or parts.labels or not len(parts.weights) or parts.weights.max() <= 0:
        return IN_GENERAL[Stage.model]
    because = int(batch.items[int(np.argmax(parts.weights[:, 0]))])
    return f"Because you went for {title(because)}."

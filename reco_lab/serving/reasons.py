"""Why an ad was chosen, in one sentence a customer may read."""

from collections.abc import Callable, Sequence

from reco_lab.core.because import because
from reco_lab.core.events import Stage
from reco_lab.serving.booked import NO_ITEM
from reco_lab.serving.decide import Chosen, Weighed
from reco_lab.serving.snapshot import Snapshot

IN_GENERAL = {
    Stage.model: "Chosen for what you looked at and bought.",
    Stage.attributes: "Liked by customers like you.",
    Stage.segment: "Popular with customers like you.",
    Stage.popular: "Popular just now.",
    Stage.house: "From our shop.",
}

MOSTLY = 0.5
UNRANKED = "One of the ads that may be shown here."
BY_CHANCE = "Drawn by chance from the ads that may be shown here."


def reasons_of(snapshot: Snapshot, chosen: Chosen, title: Callable[[int], str]) -> tuple[str, ...]:
    """For each chosen ad the item of her history that speaks most for it where the model can say so, else what ranked it.

    Where more chance than ranking put an ad in its place (its propensity is below one half), that is the reason; a
    policy that does not look at the ranking owes it nothing.
    """
    weighed, ads = chosen.weighed, snapshot.booked.ads
    places, items = chosen.places.tolist(), snapshot.booked.promoted[chosen.places].tolist()
    ranked = weighed.route.policy.info.ranked
    speaking = _because(weighed, items) if weighed.stage is Stage.model and ranked else {}
    reasons = []
    for place, item, chance in zip(places, items, chosen.propensities.tolist(), strict=True):
        if ads[place].house:
            reasons.append(IN_GENERAL[Stage.house])
        elif chance < MOSTLY:
            reasons.append(BY_CHANCE)
        elif item in speaking:
            reasons.append(f"Because you went for {title(speaking[item])}.")
        elif ranked and weighed.ranker and (item != NO_ITEM or ads[place].category is not None):
            reasons.append(_in_general(weighed))
        else:
            reasons.append(UNRANKED)
    return tuple(reasons)


def _in_general(weighed: Weighed) -> str:
    """By what the ranking rests on: where the model spoke, that is for the model to say."""
    basis = weighed.stage
    if basis is Stage.model and weighed.ranker is not None and weighed.batch is not None:
        scorer = weighed.ranker.scorer
        basis = scorer.bases(weighed.batch.within(scorer.n_items))[0]
    return UNRANKED if basis is Stage.house else IN_GENERAL[basis]


def _because(weighed: Weighed, items: Sequence[int]) -> dict[int, int]:
    """For items the one of the history that adds most to their scores, where any does."""
    if weighed.ranker is None or weighed.batch is None:
        return {}
    batch = weighed.batch.within(weighed.ranker.scorer.n_items)
    found = because(weighed.ranker.scorer, batch, items)
    return {item: int(batch.items[row]) for item, row in found.items()}

"""A decision in sentences: who ranked, what kept ads out, how much was chance, what she did afterwards."""

from collections.abc import Mapping

from reco_lab.core.events import Decision, Feedback, FeedbackKind, Placed, Stage
from reco_lab.services.onlooking import Stood
from reco_lab.ui.words import count, when

BY = {
    Stage.model: "the model that serves ranked them",
    Stage.attributes: "the model knows nothing of her, so customers with the same attributes spoke for her",
    Stage.segment: "the model knows nothing of her, so her segment's favourites were taken",
    Stage.popular: "no model knows her, so what is popular was taken",
    Stage.house: "nothing else could be shown, so the house's own ads stood in their order",
}
CERTAIN = 1 - 1e-9
NOT_FLYING = "not in its flight"
NOT_ALLOWED = "nothing personal"
RULES = {NOT_ALLOWED: "that would have used what is known of her, which she does not allow"}
DID = {
    FeedbackKind.impression: "she saw it",
    FeedbackKind.click: "she clicked it",
    FeedbackKind.conversion: "she bought",
    FeedbackKind.dismiss: "she waved it away",
}


def ranked_by(stage: Stage) -> str:
    """Who ranked the ads."""
    return BY[stage]


def outcome(stood: Stood, place: int | None, rank: int) -> str:
    """What became of an ad in an answer."""
    if place is not None:
        by_chance = f", ranked {rank}" if rank and rank != place else ""
        return f"Place {place}{by_chance}"
    if stood.kept_out:
        words = RULES | ({NOT_FLYING: "paused"} if stood.ad.paused else {})
        return f"Lost: {', '.join(words.get(rule, rule) for rule in stood.kept_out)}"
    if stood.ad.house:
        return "Lost: the house's ads come last"
    return f"Lost: ranked {rank}"


def chance(propensity: float) -> str:
    """A probability as a person says it."""
    if propensity >= CERTAIN:
        return "certain"
    if propensity >= 0.995:
        return "over 99 %"
    if propensity >= 0.095:
        return f"{propensity:.0%}".replace("%", " %")
    return f"about 1 in {round(1 / propensity):,}" if propensity > 0 else "none"


def asked(decision: Decision) -> str:
    """Who was asked for, where and when."""
    who = f"customer {decision.customer}" if decision.customer else "a customer of whom nothing may be kept"
    where = f"in the slot “{decision.slot}”" if decision.slot else "in an unnamed slot"
    return f"On {when(decision.at)} UTC a website asked for ads for {who} {where}."


def candidates(decision: Decision) -> str:
    """How many could have been chosen, and what kept the others out."""
    kept = [f"{number:,} {RULES.get(rule, rule)}" for rule, number in decision.rules.items()]
    could = f"{count(decision.n_candidates, 'ad')} could have been chosen"
    return f"{could}; kept out: {', '.join(kept)}." if kept else f"{could}; no rule kept any out."


def ranking(decision: Decision, policy: str) -> str:
    """Who ranked with which version, and which policy chose."""
    ranked = (
        "the house's own ads stood in their order" if NOT_ALLOWED in decision.rules else BY[decision.stage]
    )
    return (
        f"Then {ranked} (version {decision.model_version}). The policy “{policy}” then chose, for the "
        f"group “{decision.arm}”. Deciding took {decision.latency_us / 1000:.2f} ms."
    )


def placed(one: Placed, title: str) -> str:
    """Where an ad stood and how probable that was."""
    odds = (
        "that was certain"
        if one.propensity >= CERTAIN
        else f"the chance of that was {chance(one.propensity)}, given the places before it"
    )
    cost = (
        f" It cost its advertiser {one.cost:,.2f}."
        if one.cost
        else f" A click on it costs {one.click_cost:,.2f}."
        if one.click_cost
        else ""
    )
    return f"Place {one.position + 1}: {title}; {odds}.{cost}"


def afterwards(decision_id: str, came: list[Feedback]) -> str:
    """What she did with one ad."""
    mine = [one for one in came if one.decision_id == decision_id]
    if not mine:
        return "Nothing was told of it since."
    told = ", ".join(
        f"{DID[one.kind]} ({one.at:%H:%M:%S}{f', worth {one.value:,.2f}' if one.value is not None else ''})"
        for one in mine
    )
    return f"{told[0].upper()}{told[1:]}."


def why(decision: Decision, policy: str, titles: Mapping[str, str], came: list[Feedback]) -> list[str]:
    """The whole story, a sentence or two a line."""
    lines = [asked(decision), candidates(decision), ranking(decision, policy)]
    for one in decision.placed:
        title = titles.get(one.ad_id, one.ad_id)
        lines.append(f"{placed(one, title)} {afterwards(one.decision_id, came)}")
    return lines

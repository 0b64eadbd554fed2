"""What the rounds of the gate found, in words and numbers."""

from typing import TYPE_CHECKING, Any

from reco_lab.core.words import count, day
from reco_lab.services.gate_settings import GateSettings
from reco_lab.store.rounds import Round, RoundState

if TYPE_CHECKING:
    from reco_lab.experiments.off_policy import Judgement
    from reco_lab.services.forward import Duel

Finding = dict[str, Any]
NO_WORSE = "no worse"
PASS = frozenset({"better", NO_WORSE})
RULES = {
    "better": "it is better than what served.",
    NO_WORSE: "it is newer, and no worse than what served.",
    "worse": "it is worse than what serves.",
    "unsure": "too few customers to show that it is no worse than what serves.",
    "too few": "hardly anybody did anything since, so it cannot be judged.",
}


def said(step: str, words: str, *, passed: bool | None, short: str = "", **figures: Any) -> Finding:
    """What a step found: in a few words for the title, in full with its figure, and as numbers."""
    return {"step": step, "passed": passed, "short": short or words, "sentence": words, **figures}


def sentence(found: Round) -> str:
    """What came of a round, in a sentence or two."""
    if found.state is RoundState.refused:
        told = next((str(one["short"]) for one in found.findings if one["passed"] is False), "")
        return f"The challenger was refused: {told}"
    words = {
        RoundState.collecting: "What was served and done is being collected.",
        RoundState.training: "A challenger is being trained.",
        RoundState.judging: "The challenger is being judged.",
        RoundState.canary: "The challenger serves a share of the customers, and is looked at.",
        RoundState.cancelled: "The round was cancelled; nothing of it serves.",
    }
    if found.state is RoundState.promoted:
        return f"The challenger serves: {_grounds(found)['short']}"
    return words[found.state]


def reason(found: Round) -> str:
    """The same with its figure, where it ended for a reason."""
    if found.state is RoundState.promoted:
        return str(_grounds(found)["sentence"])
    if found.state is RoundState.canary:
        return str(found.spec.get("trial", ""))
    return next((str(one["sentence"]) for one in found.findings if one["passed"] is False), "")


def _grounds(found: Round) -> Finding:
    """Why a challenger was promoted: what it did on what came later."""
    return dict(next(one for one in found.findings if one["step"] == "forward"))


def forward_finding(seen: "Duel", settings: GateSettings) -> Finding:
    """Whether a challenger may serve by what came after: better, or newer and no worse than the margin allows."""
    figures = _figures(seen, settings)
    short = RULES[figures["rule"]]
    words = f"{short.capitalize()} {_gap(seen, settings)}"
    return said("forward", words, passed=figures["rule"] in PASS, short=short, **figures)


def milestone_finding(seen: "Duel", settings: GateSettings, name: str) -> Finding:
    """Whether a model that is no worse than what serves is no worse than the last milestone either, by the same rule."""
    figures = _figures(seen, settings)
    passed = figures["rule"] in PASS
    short = f"{'it does not fall' if passed else 'step by step it would fall'} behind {name}."
    return said(
        "milestone", f"{short.capitalize()} {_gap(seen, settings)}", passed=passed, short=short, **figures
    )


def no_better(found: Round) -> bool:
    """Whether a round promoted a challenger that was newer and no worse, but not shown to be better."""
    return found.state is RoundState.promoted and _grounds(found).get("rule") == NO_WORSE


def log_finding(seen: "Judgement") -> Finding:
    """Whether a challenger would have earned less than the champion; None where the log cannot tell."""
    if seen.refusal:
        return said("off-policy", f"The log cannot judge it: {seen.refusal}.", passed=None)
    apart = seen.best.difference
    span = f"{apart.low:+.4f} to {apart.high:+.4f}".replace("-", "\N{MINUS SIGN}")
    words = f"{seen.best.value.value:.4f} clicks a first place against {seen.logged.value:.4f} with the champion's ranking: {span}."
    short = (
        "by the log it would have earned fewer clicks."
        if apart.high < 0
        else "the log has nothing against it."
    )
    figures = {
        "value": seen.best.value.value,
        "logged": seen.logged.value,
        "low": apart.low,
        "high": apart.high,
    }
    return said("off-policy", f"{short.capitalize()} {words}", passed=apart.high >= 0, short=short, **figures)


def _figures(seen: "Duel", settings: GateSettings) -> dict[str, Any]:
    apart, margin = seen.difference, settings.margin * abs(seen.champion)
    low, high = (apart.low, apart.high) if seen.sign > 0 else (-apart.high, -apart.low)
    few = seen.customers < settings.fewest_customers
    return {
        "metric": seen.metric,
        "champion": seen.champion,
        "challenger": seen.challenger,
        "low": apart.low,
        "high": apart.high,
        "margin": margin,
        "customers": seen.customers,
        "begins": str(seen.begins.astype("datetime64[s]")),
        "rule": "too few" if few else _rule(low, high, margin if seen.champion > 0 else 0.0),
    }


def _gap(seen: "Duel", settings: GateSettings) -> str:
    from reco_lab.experiments.verdict import shown

    apart, margin = seen.difference, settings.margin * abs(seen.champion)
    gap = f"{seen.challenger:.3f} against {seen.champion:.3f} {shown(seen.metric)} of {seen.hits}"
    span = f"the difference lies between {apart.low:+.3f} and {apart.high:+.3f}".replace(
        "-", "\N{MINUS SIGN}"
    )
    few = seen.customers < settings.fewest_customers
    asked = (
        f"At least {settings.fewest_customers} are needed."
        if few
        else f"A newer model may be worse by {margin:.3f}."
    )
    return f"{gap}, over {count(seen.customers, 'customer')} after {day(seen.begins.astype('datetime64[D]').item())}; {span}. {asked}"


def _rule(low: float, high: float, margin: float) -> str:
    if low > 0:
        return "better"
    if low >= -margin and margin > 0:
        return NO_WORSE
    return "worse" if high < 0 else "unsure"

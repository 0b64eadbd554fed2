"""What a look at an A/B test means, in a sentence: ship it, keep what serves, wait, or do not trust it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reco_lab.core.ab_test import HOLDOUT, AbTest
from reco_lab.core.words import agree, count, share
from reco_lab.experiments.ab_course import OUTCOMES
from reco_lab.experiments.ab_look import Ahead, Look
from reco_lab.experiments.sample_ratio import SUSPICIOUS

Kind = Literal["untrusted", "better", "worse", "no", "unknown"]
MOST_DAYS = 365
ALL = -1.0  # the loss of all there is


@dataclass(frozen=True)
class Verdict:
    """What a look means. `winner` is the arm to ship, empty where none is; `days` how many more are needed, if known."""

    kind: Kind
    sentence: str
    detail: str = ""
    winner: str = ""
    days: int | None = None


def verdict(test: AbTest, found: Look) -> Verdict:
    """Say what to do by what is known now."""
    if not found.customers:
        return Verdict(
            "unknown", "Nobody was in this test yet.", "It begins with the next customer who asks for ads."
        )
    if reason := distrust(found):
        return Verdict(
            "untrusted",
            reason,
            "Something tells customers apart that should not: end it, and look for the cause.",
        )
    ranked = sorted(found.ahead, key=lambda one: -(one.relative or 0.0))
    if winners := [one for one in ranked if one.good > 0]:
        return _won(winners[0], found)
    best, rest = ranked[0], "; ".join(effect(one) for one in ranked)
    rest = f"{rest[:1].upper()}{rest[1:]}"
    if all(one.good < 0 for one in ranked):
        return Verdict("worse", f"{rest}: keep {best.over}.", _based(found))
    if all(one.high is not None and one.high < test.minimum_lift for one in ranked):
        return Verdict(
            "no",
            f"{best.arm} is not {share(test.minimum_lift)} better than {best.over}: keep {best.over}.",
            f"{rest}. {_based(found)}",
        )
    days = days_left(found)
    return Verdict(
        "unknown", f"It cannot be known yet{_wait(found, days)}.", f"{rest}. {_based(found)}", days=days
    )


def distrust(found: Look) -> str:
    """Why a test cannot be trusted, as a sentence; empty where nothing is known against it."""
    if found.strays:
        return f"{count(found.strays, 'customer')} {agree(found.strays, 'was', 'were')} in two arms: do not trust this test."
    if found.ratio_p >= SUSPICIOUS:
        return ""
    total = sum(one.customers for one in found.standings)
    whole = sum(one.share for one in found.standings)
    off = max(found.standings, key=lambda one: abs(one.customers / total - one.share / whole))
    return (
        f"The arms do not get the shares they should ({off.name} has {share(off.customers / total, 1)} of the customers "
        f"instead of {share(off.share / whole, 1)}): do not trust this test."
    )


def harmed(found: Look, arm: str = "") -> list[Ahead]:
    """The guardrails that an arm (any, if none is named) breaks."""
    return [one for one in found.guardrails if one.harms and arm in {"", one.arm}]


def effect(one: Ahead) -> str:
    """How far an arm is ahead, in words: "B earns 3% to 9% more clicks than A"."""
    outcome = OUTCOMES[one.outcome]
    less = "fewer" if outcome.plural else "less"
    more = "more" if one.sign > 0 else less
    over = "those held out" if one.over == HOLDOUT else one.over
    if one.low is None or one.high is None:
        if one.sign:
            return f"{one.arm} {outcome.verb} {more} {outcome.noun} than {over}, nobody can say how much"
        return f"too little is known of {outcome.noun} in {one.arm} and {over}"
    low, high = (_part(end) for end in sorted((abs(one.low), abs(one.high))))
    if one.low <= ALL and not one.sign:
        return (
            f"{one.arm} {outcome.verb} anything from no {outcome.noun} to {_part(one.high)} more than {over}"
        )
    if one.low <= ALL < one.high:
        ends = f"at least {low} {less}"
    elif not one.sign:
        ends = f"between {_part(abs(one.low))} {less} and {_part(abs(one.high))} more"
    else:
        ends = f"{low} to {high} {more}" if low != high else f"about {low} {more}"
    return f"{one.arm} {outcome.verb} {ends} {outcome.noun} than {over}"


def days_left(found: Look) -> int | None:
    """About how many more days it takes at this traffic; None where nobody can say or it is past that."""
    if found.needed is None or found.needed <= found.customers or found.days <= 0:
        return None
    days = found.days * (found.needed / found.customers - 1)
    return int(np.ceil(days)) if days <= MOST_DAYS else None


def _won(best: Ahead, found: Look) -> Verdict:
    broken = harmed(found, best.arm)
    if not broken:
        return Verdict("better", f"{effect(best)}: ship {best.arm}.", _based(found), winner=best.arm)
    prices = "; ".join(effect(one) for one in broken)
    return Verdict(
        "better",
        f"{effect(best)}, but it harms.",
        f"{prices}. Weigh one against the other. {_based(found)}",
        winner=best.arm,
    )


def _wait(found: Look, days: int | None) -> str:
    if days is not None:
        return f": about {count(days, 'more day')} at this traffic"
    if found.needed is not None and found.needed <= found.customers:
        return ", though as many customers came as were needed: the difference is small"
    return ""


def _based(found: Look) -> str:
    days = count(max(1, round(found.days)), "day") if found.days >= 1 else "less than a day"
    return f"By {count(found.customers, 'customer')} in {days}; it holds however often you look."


def _part(value: float) -> str:
    return share(value, 0 if value >= 0.1 else 1)

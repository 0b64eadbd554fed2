"""An off-policy judgement in words that a person reads."""

from dataclasses import dataclass

from reco_lab.core.words import share
from reco_lab.experiments.off_policy import Interval, Judgement
from reco_lab.experiments.significance import LEVEL, NOTHING

SCALES = (100, 1_000, 10_000)


@dataclass(frozen=True)
class Meaning:
    """What a reward is and what a row is, in the plural: "clicks" per "answers"; income is not `counted`."""

    reward: str = "clicks"
    row: str = "answers"
    counted: bool = True

    @property
    def fewer(self) -> str:
        """The word for a smaller number or amount of it."""
        return "fewer" if self.counted else "less"

    def amount(self, value: float) -> str:
        """So much of it."""
        return f"{number(value)} {'' if self.counted else 'of '}{self.reward}"


def sentence(found: Judgement, who: str, meaning: Meaning = Meaning()) -> str:
    """The answer: what a policy would have earned more or less than what served, or why that cannot be judged."""
    if found.refusal:
        return f"What {who} would have earned cannot be judged from these logs: {found.refusal}."
    gap = found.best.difference
    per = scale(found)
    rows = f"per {per:,} {meaning.row}"
    low, high = (number(abs(one) * per) for one in sorted((gap.low, gap.high), key=abs))
    if max(abs(gap.low), abs(gap.high)) < NOTHING:
        return f"{_begun(who)} would have earned just what was earned."
    if gap.low > 0 or gap.high < 0:
        more = "more" if gap.low > 0 else meaning.fewer
        return f"{_begun(who)} would have earned {low} to {high} {more} {meaning.reward} {rows}."
    less, more = number(-gap.low * per), number(gap.high * per)
    return (
        f"{_begun(who)} cannot be told apart from what served: between {less} {meaning.fewer} and {more} more "
        f"{meaning.reward} {rows}."
    )


def detail(found: Judgement, meaning: Meaning = Meaning()) -> str:
    """What was earned and what is estimated, with the certainty of the answer."""
    per, one = scale(found), found.best.value
    was = f"What served earned {meaning.amount(found.logged.value * per)} per {per:,} {meaning.row}"
    if found.refusal:
        return f"{was}. {found.support.remedy}".strip()
    return (
        f"{was}; it would have been {number(one.value * per)} ({span(one, per)}). All with {share(LEVEL)} certainty, for "
        "customers and candidates like those of the log."
    )


def span(one: Interval, per: float) -> str:
    """The ends of an interval."""
    return f"{number(one.low * per)} to {number(one.high * per)}"


def scale(found: Judgement) -> int:
    """Of how many rows is spoken, so that there is something before the point or just behind it."""
    largest = max(found.logged.value, abs(found.best.value.value), NOTHING)
    return next((per for per in SCALES if largest * per >= 1), SCALES[-1])


def number(value: float) -> str:
    """A figure to two or three digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"


def _begun(who: str) -> str:
    return who[:1].upper() + who[1:]

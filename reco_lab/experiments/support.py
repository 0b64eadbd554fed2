"""What an off-policy estimate rests on, and when that is too little to judge by.

A. Owen, Monte Carlo theory, methods and examples (2013), chapter 9, for the effective sample size and the checks of
weights. The limits are those below which the intervals of `benchmarks/off_policy.py` no longer hold.
"""

from dataclasses import dataclass

import numpy as np

from reco_lab.core.words import count, share
from reco_lab.experiments.logged import Floats, Logged, by_customer
from reco_lab.experiments.significance import NOTHING

FEWEST = 100.0
FEWEST_REWARDS = 4.0
FEWEST_EARNED = 2.0
MOST_UNTRIED = 0.05
SURE = 3.0
UNEVEN = 2.0
HEAVY = 0.25
MOST_TIMES = 50.0


@dataclass(frozen=True)
class Support:
    """How much of the log speaks of the target policy.

    `effective` is as many customers as would tell as much if all weighed the same (Kish); `rewards` how many
    rewards of one size as many rows hold, counted in the same way, as often as they come in the log, `earned`
    as often as the estimate says. How many there were in the heavy rows must not decide whether is judged:
    what passes then had luck. `weight` is the mean weight, 1 where the chances are those with which was
    decided and everything had one; `inverse` the mean of 1 / propensity, which is then the number of
    candidates, `choices` (NaN where that is not known); each with its standard error over customers.
    `largest` is the largest weight of a row, `largest_share` the part of all weights that one customer has,
    `carried` the part of the estimate. `untried` is the part of what the target would do that was never done.
    `hidden` is how many times less the heaviest rows earned than the estimate says, at least 1: what they may
    earn yet is not in the spread of the rows. `clip` is the limit of clipped weights.
    """

    rows: int
    customers: int
    effective: float
    rewards: float
    earned: float
    weight: float
    weight_error: float
    inverse: float
    inverse_error: float
    choices: float
    largest: float
    largest_share: float
    carried: float
    untried: float
    hidden: float
    clip: float

    @property
    def refusal(self) -> str:
        """Why nothing can be judged by this log, in words that follow a colon; empty where something can."""
        if self.effective < FEWEST and self.largest_share > HEAVY:
            return (
                f"one customer has {share(self.largest_share)} of all the weight (the heaviest row counts "
                f"{self.largest:,.0f} times), which leaves an effective sample of {_number(self.effective)}"
            )
        if self.effective < FEWEST:
            return (
                f"{count(self.customers, 'customer')} tell as little of this policy as {_number(self.effective)} "
                f"who were served by it would; {FEWEST:,.0f} are needed"
            )
        if self.untried > MOST_UNTRIED:
            return f"{share(self.untried)} of what this policy would have chosen was never tried"
        if self.weight - 1 > max(SURE * self.weight_error, MOST_UNTRIED):
            return (
                f"the weights average {self.weight:.2f} and not 1, so the chances in the log are not those with "
                "which was decided"
            )
        if self.rewards < FEWEST_REWARDS:
            return (
                f"rewards are so rare that what tells of this policy holds about {_number(self.rewards)} of them; "
                f"{FEWEST_REWARDS:,.0f} are needed"
            )
        if self.earned < FEWEST_EARNED:
            return "the rows that tell most of this policy earned next to nothing so far, which may be chance"
        return ""

    @property
    def remedy(self) -> str:
        """What would make it judgeable, where that is known; empty where it can be judged or nothing helps."""
        if not self.refusal or self.effective <= 0:
            return ""
        times = max(FEWEST / self.effective, FEWEST_REWARDS / max(self.rewards, 1.0))
        untold = self.earned < FEWEST_EARNED and times <= 1
        if untold or self.largest_share > HEAVY or self.untried > MOST_UNTRIED or times > MOST_TIMES:
            return "It can be after a policy that leaves more to chance has served for a while."
        if times > 1:
            return (
                f"About {times:.1f} times as many customers would do, or a policy that leaves more to chance."
            )
        return ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What to keep in mind where it can be judged."""
        found = []
        if abs(self.inverse - self.choices) > max(SURE * self.inverse_error, MOST_UNTRIED * self.choices):
            found.append(
                f"The chances in the log should average to {self.choices:,.0f} when each is turned upside down, and "
                f"do to {self.inverse:,.0f}: some may not be those with which was decided."
            )
        if self.hidden > UNEVEN:
            found.append(
                f"The rows that count most have earned {self.hidden:.1f} times less than the others so far, which may "
                "be chance: the interval reaches further up for it."
            )
        return tuple(found)


def support(logged: Logged) -> Support:
    """Measure what the log can say about the target policy."""
    weight = logged.weight
    rows, weights = (by_customer(logged.customers, one) for one in (np.ones(len(logged)), weight))
    earned = by_customer(logged.customers, weight * logged.reward)
    size = np.abs(logged.reward)
    mean, error = _mean(weights, rows)
    inverse, inverse_error = _mean(by_customer(logged.customers, 1 / logged.propensity), rows)
    choices = np.nan if logged.choices is None else float(logged.choices.mean())
    return Support(
        rows=len(logged),
        customers=len(rows),
        effective=effective(weights),
        rewards=effective(weight) * effective(size) / len(logged),
        earned=_held(weight, size),
        weight=mean,
        weight_error=error,
        inverse=inverse,
        inverse_error=inverse_error,
        choices=choices,
        largest=float(weight.max()),
        largest_share=_part(weights),
        carried=_part(np.abs(earned)),
        untried=1 - mean if 1 - mean > SURE * error else 0.0,
        hidden=hidden(weights, earned),
        clip=logged.clip,
    )


def effective(values: Floats) -> float:
    """As how many that weigh the same these tell (Kish)."""
    squares = float((values**2).sum())
    return float(values.sum()) ** 2 / squares if squares > 0 else 0.0


def _held(weight: Floats, size: Floats) -> float:
    """How many rewards of one size the effective rows hold by the estimate."""
    rate, mean = float((weight * size).sum()) / max(float(weight.sum()), NOTHING), float(size.mean())
    return effective(weight) * rate * mean / max(float((size**2).mean()), NOTHING)


def _part(values: Floats) -> float:
    total = float(values.sum())
    return float(values.max()) / total if total > 0 else 0.0


def _mean(sums: Floats, rows: Floats) -> tuple[float, float]:
    """The mean a row and its standard error over customers; NaN of one customer."""
    customers, mean = len(sums), float(sums.sum() / rows.sum())
    if customers < 2:
        return mean, float("nan")
    apart = (sums - mean * rows) / rows.sum()
    return mean, float(np.sqrt((apart**2).sum() * customers / (customers - 1)))


def hidden(weights: Floats, earned: Floats) -> float:
    """The reward a unit of weight, over the same where each customer counts by her weight once more."""
    heavy, squares = float((weights * earned).sum()), float((weights**2).sum())
    total = float(weights.sum())
    if heavy <= 0 or total <= 0:
        return 1.0
    return max(float(earned.sum()) / total * squares / heavy, 1.0)


def _number(value: float) -> str:
    return f"{value:,.1f}" if value < 10 else f"{value:,.0f}"

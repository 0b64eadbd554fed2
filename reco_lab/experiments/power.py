"""How many customers a comparison needs: before it, in customers and days; after it, how many more.

The size of two groups of unequal share for the difference of their means (J. Cohen, Statistical power analysis,
1988), with the variance of the data's own history, and less of it where the time before explains a part (A. Deng et
al., WSDM 2013).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reco_lab.core.words import about, count, share
from reco_lab.experiments.significance import LEVEL, POWER

Floats = NDArray[np.float64]
NEVER = 1 << 53


@dataclass(frozen=True)
class Usual:
    """What a customer usually does in as many days as will be counted: the mean and variance of the outcome.

    `explained` is the share of the variance that the same customers' time before explains. `yes_or_no`: the
    outcome is whether she buys, not what she spends. `short`: how many days the log has, where they are fewer than will
    be counted.
    """

    mean: float
    variance: float
    explained: float = 0.0
    yes_or_no: bool = True
    customers: int = 0
    short: int = 0

    @classmethod
    def of(cls, outcome: Floats, before: Floats | None, *, yes_or_no: bool) -> "Usual":
        """Learn it from the last days of a log, a number a customer.

        What the time before explains is what it would explain of other customers: of few, any two columns
        agree somewhat.
        """
        variance = float(outcome.var(ddof=1)) if len(outcome) > 1 else 0.0
        explained = 0.0
        if before is not None and variance > 0 and before.std() > 0:
            alone = 1 - float(np.corrcoef(outcome, before)[0, 1] ** 2)
            explained = max(0.0, 1 - alone * (len(outcome) - 1) / max(len(outcome) - 2, 1))
        mean = float(outcome.mean()) if len(outcome) else 0.0
        return cls(mean, variance, explained, yes_or_no, len(outcome))


@dataclass(frozen=True)
class Need:
    """How many customers are needed in each group to see a lift, and in how many days so many come.

    `days` is None where the log cannot say. `sentence` says it in plain words.
    """

    lift: float
    power: float
    treated: int
    control: int
    days: int | None
    usual: Usual

    @property
    def customers(self) -> int:
        """How many in both groups."""
        return self.treated + self.control

    @property
    def possible(self) -> bool:
        """Whether any number of customers is enough."""
        return self.customers < NEVER

    @property
    def sentence(self) -> str:
        """The plan in plain words."""
        if beyond := cannot_be(self.usual, self.lift):
            return self._all_of_a_short_log if self.usual.short else beyond
        if not self.possible:
            return "Nobody bought anything in as many days before, so how many customers are needed cannot be known."
        days = "" if self.days is None else f" (as many as buy here in {count(self.days, 'day')})"
        return (
            f"To see a {share(self.lift)} lift with {share(self.power)} chance you need about "
            f"{about(self.customers)} customers{days}: {about(self.treated)} who get the campaign and "
            f"{about(self.control)} who do not.{self._short}"
        )

    @property
    def _all_of_a_short_log(self) -> str:
        return (
            f"The log has only {count(self.usual.short, 'day')}, fewer than will be counted, and {share(self.usual.mean)} "
            "of the customers in it bought: how many are needed cannot be known."
        )

    @property
    def _short(self) -> str:
        if not self.usual.short:
            return ""
        return (
            f" The log has only {count(self.usual.short, 'day')}, fewer than will be counted: as more is bought in all of "
            "them, fewer customers may do."
        )


def needed(
    usual: Usual,
    lift: float,
    control_share: float,
    *,
    power: float = POWER,
    level: float = LEVEL,
    arriving: Floats | None = None,
) -> Need:
    """The customers that show a relative lift with this power, where `control_share` of them get nothing.

    `arriving` is how many different customers came within 1, 2, 3... days.
    """
    gap = lift * usual.mean
    if gap <= 0 or not 0 < control_share < 1 or cannot_be(usual, lift):
        return Need(lift, power, NEVER, NEVER, None, usual)
    total = _square(power, level) * _unit(usual, lift, control_share) / gap**2
    treated = int(np.ceil(total * (1 - control_share)))
    control = max(int(np.ceil(total * control_share)), 2)
    days = None
    if arriving is not None and len(arriving) and arriving[-1] >= treated + control:
        days = int(np.searchsorted(arriving, treated + control)) + 1
    return Need(lift, power, treated, control, days, usual)


def power_of(usual: Usual, lift: float, treated: float, control: float, level: float = LEVEL) -> float:
    """How likely a relative lift is seen (two-sided) with so many customers."""
    n = treated + control
    error = np.sqrt(_unit(usual, lift, control / n) / n)
    if error <= 0 or usual.mean <= 0:
        return 0.0
    far, bar = lift * usual.mean / error, stats.norm.ppf((1 + level) / 2)
    return float(stats.norm.sf(bar - far) + stats.norm.cdf(-bar - far))


def detectable(
    usual: Usual, treated: float, control: float, *, power: float = POWER, level: float = LEVEL
) -> float:
    """The smallest relative lift that so many customers show with this power; infinite where none is."""
    if usual.mean <= 0 or min(treated, control) < 2:
        return float("inf")
    n, lift = treated + control, 0.0
    for _ in range(50):  # what is needed grows with the lift itself a little: a fixed point
        lift = float(np.sqrt(_square(power, level) * _unit(usual, lift, control / n) / n)) / usual.mean
    return float("inf") if cannot_be(usual, lift) else lift


def cannot_be(usual: Usual, lift: float) -> str:
    """Says that more than all customers would have to do it; empty where they would not."""
    if not usual.yes_or_no or (1 + lift) * usual.mean <= 1:
        return ""
    return f"A {share(lift)} lift cannot be: {share(usual.mean)} of the customers do it anyway, and so many others there are not."


def _square(power: float, level: float) -> float:
    return float(stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(power)) ** 2


def _unit(usual: Usual, lift: float, control_share: float) -> float:
    """The variance of the difference of the means, times the customers of both groups.

    A lift brings more buyers: of a share its variance is that of the lifted share, of money the mean square grows.
    """
    lifted = (1 + lift) * usual.mean
    if usual.yes_or_no:
        above = lifted * (1 - lifted)
    else:
        above = (1 + lift) * (usual.variance + usual.mean**2) - lifted**2
    left = 1 - usual.explained
    return left * (usual.variance / control_share + max(above, 0.0) / (1 - control_share))

"""A campaign that nobody was held back from by chance: compared with customers who were alike before it.

This is no experiment. Whoever chose the customers knew something, and what he knew may be why they buy more. Customers
are matched in cells of what they did before (S. Iacus, G. King and G. Porro, Causal inference without balance
checking: coarsened exact matching, Political Analysis 2012), and the same comparison is made for a time before the
campaign, when there can be no effect: where that one finds a lift, the matching does not make the groups alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reco_lab.core.words import count
from reco_lab.experiments.significance import LEVEL

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
CUTS = (0.25, 0.5, 0.75, 0.9)
FEWEST = 2
DRAWN = 5.0


@dataclass(frozen=True)
class Matched:
    """The difference between customers who got a campaign and alike ones who did not, with its interval.

    `treated` and `control` are how many could be matched, `left` how many who got it had nobody like them.
    """

    absolute: float
    low: float
    high: float
    treated_mean: float
    control_mean: float
    treated: int
    control: int
    left: int
    p: float

    @property
    def apart(self) -> bool:
        """Whether the difference is told from 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Observed:
    """The comparison after the campaign and the same one before it (None where the log does not reach back).

    `money`: what was spent was compared, else who bought.
    """

    after: Matched
    placebo: Matched | None
    money: bool = True

    @property
    def credible(self) -> bool:
        """Whether the groups were alike when there could be no effect."""
        return self.placebo is not None and not self.placebo.apart

    @property
    def sentence(self) -> str:
        """What it says and what it does not."""
        found, before = self.after, self.placebo
        start = (
            "Nobody was held back by chance, so this compares with alike customers and proves nothing: those who got it "
            f"{self._words(found)} than {count(found.control, 'customer')} who did the same before."
        )
        if before is None:
            return f"{start} The log does not reach back far enough to check whether they were alike."
        if self.credible:
            return (
                f"{start} Before the campaign no difference between the two can be seen, as it should be: they "
                f"{self._words(before)}. So much they may still differ without it."
            )
        return (
            f"{start} But before the campaign, when it could not have done anything, they {self._words(before)} too: the "
            "groups are not alike, and the difference must not be put down to the campaign."
        )

    def _words(self, one: Matched) -> str:
        scale, unit = (1, "") if self.money else (100, " points")
        did, end = ("spent", "each") if self.money else ("bought", "often")
        size = f"{abs(scale * one.absolute):,.2f}{unit} {'more' if one.absolute >= 0 else 'less'}"
        return f"{did} {size} {end} ({_signed(scale * one.low)} to {_signed(scale * one.high)})"


def matched(outcome: Floats, treated: Mask, before: Floats) -> Matched | None:
    """Compare within cells of what customers did before (customers x traits), cells weighed by who got the campaign.

    Cells are small and most customers buy nothing: a cell's variance is drawn to that of all, and on either side two
    customers more are counted than there are, a buyer apart. Without them 20 who got it, compared with 180, are told
    from their like one time in four where there is nothing. None where hardly anybody has somebody like her.
    """
    cells = _cells(before)
    size = int(cells.max(initial=-1)) + 1
    groups = [(treated, np.bincount(cells[treated], minlength=size)), (~treated, None)]
    there = [np.bincount(cells[who], minlength=size).astype(np.float64) for who, _ in groups]
    usable = (there[0] >= 1) & (there[1] >= FEWEST)
    weight = np.where(usable, there[0], 0.0)
    if weight.sum() < FEWEST:
        return None
    weight = weight / weight.sum()
    means, spreads = [], []
    for (who, _), n in zip(groups, there, strict=True):
        total = np.bincount(cells[who], outcome[who], minlength=size)
        square = np.bincount(cells[who], outcome[who] ** 2, minlength=size)
        mean = total / np.maximum(n, 1)
        means.append(mean)
        spreads.append(np.maximum(square / np.maximum(n, 1) - mean**2, 0) * n / np.maximum(n - 1, 1))
    up, down = float(weight @ means[0]), float(weight @ means[1])
    buyers = outcome[outcome > 0]
    apart = float(buyers.mean()) if len(buyers) else 0.0
    variance = sum(
        float((weight**2 * _pooled(spread, n) / np.maximum(n, 1)).sum())
        + 2 * (apart * float((weight**2 / np.maximum(n, 1)).sum())) ** 2
        for spread, n in zip(spreads, there, strict=True)
    )
    error, wide = np.sqrt(variance), float(stats.norm.ppf((1 + LEVEL) / 2))
    gap = up - down
    return Matched(
        absolute=gap,
        low=float(gap - wide * error),
        high=float(gap + wide * error),
        treated_mean=up,
        control_mean=down,
        treated=int(there[0][usable].sum()),
        control=int(there[1][usable].sum()),
        left=int(there[0][~usable].sum()),
        p=float(2 * stats.norm.sf(abs(gap) / error)) if error > 0 else 1.0,
    )


def _pooled(spread: Floats, n: Floats) -> Floats:
    """The variance in each cell, drawn to that of all cells together as if by five customers more."""
    some = n > 1
    usual = float((spread[some] * (n[some] - 1)).sum() / max(float((n[some] - 1).sum()), 1.0))
    known = np.where(some, n - 1, 0.0)
    return np.asarray((known * spread + DRAWN * usual) / (known + DRAWN), np.float64)


def _cells(before: Floats) -> NDArray[np.int64]:
    """The cell of each customer: nothing, or a fifth of those who did something, for each trait."""
    cells = np.zeros(len(before), np.int64)
    for trait in before.T:
        some = trait[trait > 0]
        edges = np.unique(np.quantile(some, CUTS)) if len(some) else np.zeros(0)
        place = np.where(trait > 0, 1 + np.searchsorted(edges, trait, side="left"), 0)
        cells = cells * (len(CUTS) + 2) + place
    return np.unique(cells, return_inverse=True)[1].astype(np.int64)


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{abs(value):,.2f}"

"""How far an arm is ahead of the control while a test runs, with intervals that hold however often one looks.

The metric is a ratio of sums over customers: clicks by ads shown, or what customers did by their number. Customers come
back, so their sums grow from look to look; the variance is that over customers (A. Deng et al., KDD 2018). The interval
is the asymptotic confidence sequence of `lift`, a normal mixture of sequential probability ratio tests (H. Robbins,
1970; R. Johari et al., Always valid inference, Operations Research 2022), narrowest once the smallest lift worth having
would be seen.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reco_lab.experiments.lift import Lifts, Look, Moments, anytime, lifts
from reco_lab.experiments.significance import LEVEL, POWER

Floats = NDArray[np.float64]
FEWEST = 25


@dataclass(frozen=True, eq=False)
class Tally:
    """Sums over the customers of an arm, numbers or arrays over looks: all that is needed of them.

    `top` by `base` is the metric, `before` what is known of a customer from before the test. `did` counts the customers
    with anything in `top`, `least` is the smallest `top` of a customer. The others are sums of products.
    """

    customers: Floats
    did: Floats
    top: Floats
    base: Floats
    before: Floats
    top_top: Floats
    top_base: Floats
    base_base: Floats
    before_before: Floats
    top_before: Floats
    base_before: Floats
    least: Floats

    @classmethod
    def of(
        cls, top: Floats, base: Floats, before: Floats | None = None, among: NDArray[np.bool_] | None = None
    ) -> "Tally":
        """Sum over the last axis, `among` these customers alone; `base` is 1 for each where a mean is asked for."""
        inside = np.ones(top.shape) if among is None else among.astype(np.float64)
        earlier = np.zeros(top.shape) if before is None else before * inside
        up, down = top * inside, base * inside

        def product(one: Floats, other: Floats) -> Floats:
            return np.asarray(np.einsum("...i,...i->...", one, other), np.float64)

        return cls(
            customers=inside.sum(axis=-1),
            did=((up != 0) * inside).sum(axis=-1),
            top=up.sum(axis=-1),
            base=down.sum(axis=-1),
            before=earlier.sum(axis=-1),
            top_top=product(up, up),
            top_base=product(up, down),
            base_base=product(down, down),
            before_before=product(earlier, earlier),
            top_before=product(up, earlier),
            base_before=product(down, earlier),
            least=up.min(axis=-1, initial=0.0),
        )

    @classmethod
    def stacked(cls, looks: "list[Tally]") -> "Tally":
        """Many looks as one."""
        return cls(**{one.name: np.array([getattr(look, one.name) for look in looks]) for one in fields(cls)})

    def moments(self, *, yes_or_no: bool = False) -> Moments:
        """The mean (top by base) and the variance over customers; of a `yes_or_no` outcome as `Moments.of` has it."""
        n, left = np.maximum(self.customers, 1), np.maximum(self.customers - 1, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean, each = np.nan_to_num(self.top / self.base), self.base / n
            squares = self.top_top - 2 * mean * self.top_base + mean**2 * self.base_base
            spread = np.nan_to_num(np.maximum(squares, 0) / left / each**2)
            earlier = self.before / n
            both = np.nan_to_num((self.top_before - mean * self.base_before) / left / each)
        if yes_or_no:
            part = (mean * n + 1) / (n + 2)
            spread = spread + np.maximum(part * (1 - part) - mean * (1 - mean), 0)
        spread_before = np.maximum(self.before_before - n * earlier**2, 0) / left
        return Moments(n, mean, spread, earlier, spread_before, both, self.least)


def ahead(
    arm: Tally,
    control: Tally,
    smallest: float,
    *,
    power: float = POWER,
    level: float = LEVEL,
    yes_or_no: bool = False,
) -> Lifts:
    """The lift of an arm over the control at each look, with intervals that hold at all looks together.

    Without an interval (NaN, p 1) where fewer than FEWEST customers of either did anything.
    """
    found = lifts(
        arm.moments(yes_or_no=yes_or_no),
        control.moments(yes_or_no=yes_or_no),
        level,
        Look.any,
        smallest=smallest,
        power=power,
    )
    told = np.minimum(arm.did, control.did) >= FEWEST
    hidden = {
        name: np.where(told, getattr(found, name), np.nan)
        for name in ("low", "high", "relative_low", "relative_high")
    }
    return replace(found, p=np.where(told, found.p, 1.0), **hidden)


def level_at_last(level: float = LEVEL) -> float:
    """The level of a plain interval that is as wide as the always-valid one where that is narrowest: to plan by."""
    return 1 - 2 * float(stats.norm.sf(anytime(1 - level)))

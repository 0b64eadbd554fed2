"""Who is reached, and who is not and why: step by step, so that the numbers add up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.words import count

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Leaving:
    """How many leave at one step, and why."""

    why: str
    customers: int


@dataclass(frozen=True, eq=False)
class Reached:
    """The customers of an audience (a mask by code) and the steps that led there: all = those in + those who left."""

    mask: Mask
    steps: tuple[Leaving, ...]

    @property
    def customers(self) -> int:
        """How many are reached."""
        return int(self.mask.sum())

    @property
    def sentence(self) -> str:
        """The same in words."""
        left = [f"{one.customers:,} {one.why}" for one in self.steps if one.customers]
        gone = f" Left out: {'; '.join(left)}." if left else " Nobody is left out."
        return f"{count(self.customers, 'customer')} of {len(self.mask):,}.{gone}"


def reached(customers: int, reasons: Sequence[tuple[str, Mask]]) -> Reached:
    """Let everybody leave who has a reason to (why, mask by code), each counted at the first that holds."""
    staying = np.ones(customers, np.bool_)
    steps = []
    for why, leaving in reasons:
        steps.append(Leaving(why, int((staying & leaving).sum())))
        staying &= ~leaving
    return Reached(staying, tuple(steps))

"""What a log of decisions says about another policy: each row with the chance it had and the chance it would have had."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.errors import DataError
from reco_lab.core.words import count

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Modelled:
    """What a reward model expects, one number a row: of what was `done`, and on average of what the target would do."""

    done: Floats
    expected: Floats


@dataclass(frozen=True, eq=False)
class Logged:
    """Rows of a log, as a target policy is judged by them; all arrays have one entry a row.

    `customers` are codes: rows of one customer hang together. `reward` is what came of what was done, `propensity`
    the chance that it was done, `target` the chance with which the target policy would have done the same.
    `choices` is among how many it was chosen, where that is known. Raises DataError for rows that can weigh nothing.
    """

    customers: Codes
    reward: Floats
    propensity: Floats
    target: Floats
    choices: Floats | None = None
    modelled: Modelled | None = None

    def __post_init__(self) -> None:
        lengths = {len(one) for one in (self.customers, self.reward, self.propensity, self.target)}
        if lengths == {0}:
            raise DataError("There is no logged decision to judge by.", fix="Choose a longer period.")
        if len(lengths) > 1:
            raise DataError("The columns of the log are not of one length.")
        for name, lowest, values in (
            ("propensity", 0.0, self.propensity),
            ("target chance", -1.0, self.target),
        ):
            wrong = ~((values > lowest) & (values <= 1) & (values >= 0))
            if wrong.any():
                row = int(np.argmax(wrong))
                raise DataError(
                    f"{count(int(wrong.sum()), 'row')} have a {name} that is no chance, the first is row {row + 1} "
                    f"with {values[row]:g}.",
                    fix="Something that was done had a chance above 0 and at most 1: leave out rows that say otherwise.",
                )
        if not np.isfinite(self.reward).all():
            raise DataError("A reward is not a number.", fix="Leave out the rows without a reward.")

    def __len__(self) -> int:
        return len(self.reward)

    @cached_property
    def weight(self) -> Floats:
        """How many times what was done would have been done by the target, for each time that it was done."""
        return self.target / self.propensity

    @cached_property
    def clip(self) -> float:
        """The largest weight that clipped estimators let count: the root of the number of rows (Ionides 2008)."""
        return float(np.sqrt(len(self)))


def by_customer(customers: Codes, values: Floats) -> Floats:
    """The sums of the rows of each customer, those with rows alone, in the order of their codes."""
    _, places = np.unique(customers, return_inverse=True)
    sums: Floats = np.bincount(places, values).astype(np.float64)
    return sums

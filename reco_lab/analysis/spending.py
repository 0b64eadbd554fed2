"""What was paid: the money behind each purchase of a log."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reco_lab.analysis.visits import amounts, purchases_of
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Interactions


@dataclass(frozen=True, eq=False)
class Spending:
    """The purchases of a log (all rows where none is marked as one) less returns, and what was paid for each.

    `money` follows the rows of `log` (0 where an item has no price) and is None where it cannot be known;
    `rule` says in a sentence where it is from or why there is none.
    """

    log: Interactions
    money: NDArray[np.float64] | None
    rule: str


def spending(data: Dataset) -> Spending:
    """Find the purchases and what they cost; DataError where all are returns."""
    rows, _, returns = purchases_of(data)
    return Spending(rows, *amounts(data, rows, returns=returns))

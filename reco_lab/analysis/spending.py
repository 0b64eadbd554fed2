"""What was paid: the money behind each row of a log, by a rule that can be said in a sentence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.catalogue import prices
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Interactions, Kind

_BY_VALUE = "money is what the log says of each purchase"
_BY_PIECES = "money is the quantity of each purchase times the price of the item"


@dataclass(frozen=True, eq=False)
class Spending:
    """The purchases of a log (all rows where none is marked as one), and what was paid for each.

    `money` follows the rows of `log` (0 where an item has no price) and is None where it cannot be known;
    `rule` says where it is from or why there is none.
    """

    log: Interactions
    money: NDArray[np.float64] | None
    rule: str


def spending(data: Dataset) -> Spending:
    """Find the purchases and what they cost.

    Values that are not whole numbers are amounts of money; whole ones are pieces, which cost the price of the
    item. Without prices whole values above 1 are taken as money too; ratings are none.
    """
    log = bought(data.interactions)
    pieces = log.values.astype(np.float64)
    if not len(log) or (log.kinds == Kind.rating).all():
        return Spending(log, None, "nothing says what was paid")
    whole, price = bool((log.values == np.round(log.values)).all()), prices(data)
    if not whole:
        return Spending(log, pieces, _BY_VALUE)
    if price is not None:
        return Spending(log, pieces * np.nan_to_num(price)[log.items], _BY_PIECES)
    if (pieces == pieces[0]).all():
        return Spending(log, None, "nothing says what was paid")
    return Spending(log, pieces, _BY_VALUE)


def bought(log: Interactions) -> Interactions:
    """The purchases; every row of a log that marks none."""
    return log.of_kinds((Kind.purchase,)) if (log.kinds == Kind.purchase).any() else log

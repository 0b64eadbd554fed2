"""Who bought on which day, how many lines and for how much: what every question about coming back starts from."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis.periods import as_date
from reco_lab.analysis.view import day_of, firsts, only
from reco_lab.core.catalogue import prices
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.words import count, share

WHOLE = 0.5
ROUNDED = 1e-6  # values are kept in single precision
PIECES = "which may be pieces rather than money"


def surely_money(sentence: str) -> bool:
    """Whether amounts found as `sentence` says are money, rather than perhaps pieces."""
    return PIECES not in sentence


class Money(StrEnum):
    """How the worth of a purchase is found: the item's price times the pieces, or the log's value as it stands."""

    price = "price"
    value = "value"


@dataclass(frozen=True, eq=False)
class Visits:
    """A visit is all that one customer bought on one day (UTC), however many lines; in order of customer and day.

    `users` (codes), `days` (since 1970), `lines` and `amounts` (money; None where no worth is known) have one
    entry a visit. `start` and `end` are the first and the last day of the whole log: a customer who bought on the
    last day bought 0 days ago. `purchases` is False where no row is a purchase, so that all rows stand for
    them. `returns` counts the purchases of a negative value that were taken off earlier ones. `money` says in a
    sentence what an amount is. `gross` are the purchases with their returns, where there are any.
    """

    users: NDArray[np.int32]
    days: NDArray[np.int32]
    lines: NDArray[np.int64]
    amounts: NDArray[np.float64] | None
    start: int
    end: int
    purchases: bool
    returns: int
    money: str
    gross: "Gross | None" = None

    def until(self, day: int) -> "Visits":
        """The visits up to and with a day, as they were known in its evening; DataError where there are none."""
        seen = self._only(self.days <= day) if self.gross is None else self._as_known(self.gross.until(day))
        if not len(seen.days):
            raise DataError(f"Nobody had bought anything by {as_date(day)}.", fix="Choose a later day.")
        return replace(seen, end=day)

    def after(self, day: int) -> "Visits":
        """The visits after a day."""
        return replace(self._only(self.days > day), start=day + 1)

    def _only(self, kept: NDArray[np.bool_]) -> "Visits":
        amounts = None if self.amounts is None else self.amounts[kept]
        return replace(
            self, users=self.users[kept], days=self.days[kept], lines=self.lines[kept], amounts=amounts
        )

    def _as_known(self, gross: "Gross") -> "Visits":
        """The visits of purchases less their returns: what was returned later had been bought."""
        rows, returns = less_returns(gross.bought)
        worth = None if self.amounts is None else gross.worth(rows)
        users, days, lines, amounts = _by_day(rows, worth)
        return replace(
            self, users=users, days=days, lines=lines, amounts=amounts, returns=returns, gross=gross
        )

    @property
    def begins(self) -> NDArray[np.int64]:
        """Where the visits of each customer begin."""
        return np.flatnonzero(firsts(self.users)) if len(self.users) else np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Gross:
    """Purchases with their returns as the log has them; `prices` are those of the items where they say the worth."""

    bought: Interactions
    days: NDArray[np.int32]
    prices: NDArray[np.float64] | None

    def until(self, day: int) -> "Gross":
        """Those up to and with a day."""
        early = self.days <= day
        return replace(self, bought=self.bought.take(early), days=self.days[early])

    def worth(self, rows: Interactions) -> NDArray[np.float64]:
        """What each of some of them was worth."""
        values = rows.values.astype(np.float64)
        return values if self.prices is None else np.nan_to_num(self.prices[rows.items]) * values


def visits(data: Dataset, money: Money | None = None) -> Visits:
    """Gather the purchases less returns (all rows where there are none) by customer and day; DataError without times.

    Without `money`, prices are taken where the items have some, unless most values are broken numbers as
    only money is.
    """
    rows, purchases, returns = purchases_of(data)
    whole = _days(data.interactions)
    worth, sentence = amounts(data, rows, money, returns)
    users, days, lines, spent = _by_day(rows, worth)
    return Visits(
        users=users,
        days=days,
        lines=lines,
        amounts=spent,
        start=int(whole.min()),
        end=int(whole.max()),
        purchases=purchases,
        returns=returns,
        money=sentence,
        gross=_gross(data, money or money_of(data, rows)) if returns else None,
    )


def _days(rows: Interactions) -> NDArray[np.int32]:
    if rows.times is None:
        raise DataError(
            "This data set has no times, so nothing can be said of when customers buy.",
            fix="Import it with the column that says when.",
        )
    return day_of(rows.times)


def _by_day(
    rows: Interactions, worth: NDArray[np.float64] | None
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.float64] | None]:
    """The visits of some rows: customers, days, lines and amounts."""
    days = _days(rows)
    begins = np.flatnonzero(firsts(rows.users, days))
    lines = np.diff(np.append(begins, len(rows)))
    spent = None if worth is None else np.add.reduceat(worth, begins) if len(begins) else worth
    return rows.users[begins], days[begins], lines, spent


def _gross(data: Dataset, money: Money) -> Gross:
    bought = only(data.interactions, Kind.purchase)
    return Gross(bought, _days(bought), prices(data) if money is Money.price else None)


def purchases_of(data: Dataset) -> tuple[Interactions, bool, int]:
    """The purchases of a log less the returns (see `less_returns`), True, and how many returns were taken off.

    Where no row is a purchase: all rows, False and 0. DataError where nothing is left.
    """
    log = data.interactions
    bought = only(log, Kind.purchase)
    rows, returns = less_returns(bought) if len(bought) else (log, 0)
    if not len(rows):
        raise DataError(
            "No purchase is left in this data set: it is empty, or all its purchases are returns or were returned.",
            fix="Bring a log of purchases, with a quantity or value that is not negative.",
        )
    return rows, len(bought) > 0, returns


def bought_of(log: Interactions) -> tuple[Interactions, bool]:
    """The purchases less returns and True; all rows and False where none is left."""
    rows, _ = less_returns(only(log, Kind.purchase))
    return (rows, True) if len(rows) else (log, False)


def less_returns(bought: Interactions) -> tuple[Interactions, int]:
    """Purchases after each return (a negative value) is taken off, and how many returns were.

    A return is taken off the last earlier purchases of the same customer and item. What is wholly returned goes, what
    is partly returned keeps the rest of its value. A return without an earlier purchase is left out.
    """
    back = bought.values < 0
    if not back.any():
        return bought, 0
    pairs = bought.users.astype(np.int64) * bought.n_items + bought.items
    places = np.flatnonzero(np.isin(pairs, pairs[back]))
    moments = np.zeros(len(bought), np.int64) if bought.times is None else bought.times.view(np.int64)
    # of one moment, what is bought comes before what is returned
    places = places[np.lexsort((back[places], moments[places], pairs[places]))]
    left, taken = _left(pairs[places], bought.values[places].astype(np.float64))
    values = bought.values.copy()
    values[places] = left
    kept = ~back
    kept[places[left == 0]] &= bought.values[places[left == 0]] == 0
    return replace(bought, values=values).take(np.flatnonzero(kept)).in_order()[0], taken


def _left(pairs: NDArray[np.int64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """What is left of each value at the end, 0 for returns, and how many returns found something to be taken off.

    `held` is what a customer has of an item after each row. Of a purchase there remains what never was gone again:
    the least that she held from then on, less what she held before.
    """
    frame = pd.DataFrame({"pair": pairs, "sum": pd.Series(values).groupby(pairs).cumsum()})
    lowest = np.minimum(frame.groupby("pair")["sum"].cummin(), 0)
    held = frame["sum"] - lowest
    before = held.groupby(frame["pair"]).shift(fill_value=0.0).to_numpy()
    least = held[::-1].groupby(frame["pair"][::-1]).cummin()[::-1].to_numpy()
    left = np.clip(least - before, 0, np.maximum(values, 0))
    left = np.where(left <= ROUNDED * np.abs(values), 0, left)
    taken = (values < 0) & (before > ROUNDED * np.abs(values))
    return np.where(values - left <= ROUNDED * np.abs(values), np.maximum(values, 0), left), int(taken.sum())


def money_of(data: Dataset, rows: Interactions) -> Money:
    """How the worth of purchases is found where nobody says it: see `visits`."""
    broken = float(np.mean(rows.values.astype(np.float64) % 1 != 0))
    return Money.value if prices(data) is None or broken > WHOLE else Money.price


def amounts(
    data: Dataset, rows: Interactions, money: Money | None = None, returns: int = 0
) -> tuple[NDArray[np.float64] | None, str]:
    """What each row was worth and a sentence that says how that was found; None where nothing says it.

    `returns` is how many returns were taken off the rows, for the sentence.
    """
    values = rows.values.astype(np.float64)
    pieces = np.where(rows.kinds == Kind.purchase, values, 1.0)
    known = prices(data)
    less = f", less {count(returns, 'return')}" if returns else ""
    if (money or money_of(data, rows)) is Money.price and known is not None:
        each = known[rows.items]
        lacking = float(np.mean(np.isnan(each)))
        unknown = f"; {share(lacking, 1)} of the purchases have no price and count as 0" if lacking else ""
        rule = f"Spending is the item's price, one for all its purchases, times the pieces{less}{unknown}."
        return np.nan_to_num(each) * pieces, rule
    if np.ptp(pieces) > 0:
        whole = f", {PIECES}" if not (pieces % 1).any() else ""
        as_it_is = less or " as the log has it"
        return pieces, f"Spending is the value of each purchase{as_it_is}{whole}."
    return None, "What customers spend is not known: no item has a price, and no value says what was paid."

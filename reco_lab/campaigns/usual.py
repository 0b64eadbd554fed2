"""What customers usually do in as many days as a campaign counts, from the end of a log: what its size is planned by."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reco_lab.analysis.spending import Spending
from reco_lab.experiments.power import Usual

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Window:
    """What each customer did in a stretch of time, a number a customer: whether she bought, what she spent, on how many days.

    `money` is None where nobody knows what was paid.
    """

    bought: Floats
    money: Floats | None
    days: Floats


def window(found: Spending, start: np.datetime64 | None, end: np.datetime64 | None) -> Window:
    """What customers (by code) did from `start` to just before `end`; everything where there are no times."""
    log = found.log
    inside = np.ones(len(log), np.bool_)
    if log.times is not None:
        inside &= True if start is None else log.times >= start
        inside &= True if end is None else log.times < end
    users = log.users[inside]
    bought = (np.bincount(users, minlength=log.n_users) > 0).astype(np.float64)
    money = None
    if found.money is not None:
        money = np.bincount(users, found.money[inside], minlength=log.n_users).astype(np.float64)
    days = bought
    if log.times is not None:
        visits = np.unique(
            np.stack((users.astype(np.int64), log.times[inside].astype("datetime64[D]").astype(np.int64))),
            axis=1,
        )[0]
        days = np.bincount(visits, minlength=log.n_users).astype(np.float64)
    return Window(bought, money, days)


def usual(found: Spending, customers: Mask, days: int, outcome: str) -> tuple[Usual, Floats | None]:
    """What these customers usually do in so many days, and how many different ones come within 1, 2, 3... days.

    The last days of the log are looked at, and as many before them for what they explain.
    """
    log = found.log
    if log.times is None or not len(log):
        everything = _outcome(window(found, None, None), outcome)[customers]
        return Usual.of(everything, None, yes_or_no=outcome == "conversion"), None
    end = log.times.max() + np.timedelta64(1, "us")
    span = np.timedelta64(days, "D")
    now = _outcome(window(found, end - span, end), outcome)[customers]
    before = None
    if log.times.min() <= end - 2 * span:
        before = _outcome(window(found, end - 2 * span, end - span), outcome)[customers]
    learned = Usual.of(now, before, yes_or_no=outcome == "conversion")
    there = int(np.ceil((end - log.times.min()) / np.timedelta64(1, "D")))
    return replace(learned, short=there if there < days else 0), _arriving(found, customers, end)


def _outcome(found: Window, outcome: str) -> Floats:
    return found.money if outcome == "revenue" and found.money is not None else found.bought


def _arriving(found: Spending, customers: Mask, end: np.datetime64) -> Floats | None:
    """How many different customers bought within the last 1, 2, 3... days."""
    log = found.log
    if log.times is None:
        return None
    mine = customers[log.users]
    ago = ((end - log.times[mine]) // np.timedelta64(1, "D")).astype(np.int64)
    last = np.full(log.n_users, np.iinfo(np.int64).max)
    np.minimum.at(last, log.users[mine], ago)
    seen = last[last < np.iinfo(np.int64).max]
    return np.cumsum(np.bincount(seen)).astype(np.float64) if len(seen) else None

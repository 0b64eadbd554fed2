"""What was billed and how often each customer saw an ad: budgets, their pacing, and caps, in one process's memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.ads import Ad
from reco_lab.serving.booked import Booked, Mask

DAY_SECONDS = 86_400.0
HEAD_START = 1 / 24
UNLIMITED = np.inf
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Billed:
    """What an ad was billed: on the day, and ever."""

    today: float
    ever: float


class Accounts:
    """The books of one day: `open_at` says which ads still have budget, `capped` which a customer has had enough of.

    `changes` counts how often `open_at` came to say something else.

    A daily budget is released evenly over the day (UTC), with a head start of an hour's worth. An ad is shown
    while what it was billed is below what is released. A click that comes when the budget is used up is logged and
    not billed (the decisions were made before), so that nobody is billed more than a budget by more than one bill.
    """

    def __init__(
        self,
        booked: Booked,
        day: date,
        billed: Mapping[str, tuple[float, float]],
        shown: Mapping[tuple[str, str], int],
    ) -> None:
        self.booked, self.day = booked, day
        known = [within_budget(ad, *billed.get(ad.id, (0.0, 0.0))) for ad in booked.ads]
        self._today = np.array([today for today, _ in known], np.float64)
        self._ever = np.array([ever for _, ever in known], np.float64)
        self._gone = {id_: sums for id_, sums in billed.items() if id_ not in booked.places}
        self._daily = _limits([ad.daily_budget for ad in booked.ads])
        self._total = _limits([ad.total_budget for ad in booked.ads])
        self._caps = [ad.cap_per_day for ad in booked.ads]
        self._second, self._released = -1, HEAD_START
        self._open = np.zeros(len(booked), bool)
        self.changes = 0
        self._seen: dict[str, dict[int, int]] = {}
        for (customer, ad), times in shown.items():
            place = booked.places.get(ad)
            if place is not None and self._caps[place] is not None:
                self._seen.setdefault(customer, {})[place] = times

    def open_at(self, now: datetime) -> Mask:
        """Which ads have budget left of what is released by this second."""
        second = int(now.timestamp())
        if second != self._second:
            self._released = HEAD_START + _share_of_day(now) * (1 - HEAD_START)
            found = (self._today < self._daily * self._released) & (self._ever < self._total)
            self.changes += not np.array_equal(found, self._open)
            self._open, self._second = found, second
        return self._open

    def capped(self, customer: str) -> list[int]:
        """The ads this customer has had as often today as their caps allow."""
        seen = self._seen.get(customer)
        if not seen:
            return []
        return [place for place, times in seen.items() if times >= (self._caps[place] or UNLIMITED)]

    def showed(self, place: int, customer: str) -> None:
        """Count that a customer got an ad."""
        if customer and self._caps[place] is not None:
            mine = self._seen.setdefault(customer, {})
            mine[place] = mine.get(place, 0) + 1

    def forget(self, customer: str) -> None:
        """Drop how often a customer got which ad."""
        self._seen.pop(customer, None)

    def bill(self, place: int, cost: float) -> None:
        """Add to what an ad was billed today and ever, unless a budget is used up."""
        if self._today[place] >= self._daily[place] or self._ever[place] >= self._total[place]:
            return
        self._today[place] += cost
        self._ever[place] += cost
        in_time = self._today[place] < self._daily[place] * self._released
        still = bool(in_time and self._ever[place] < self._total[place])
        self.changes += bool(self._open[place]) != still
        self._open[place] = still

    def sync(self, billed: Mapping[str, tuple[float, float]]) -> None:
        """Take over what all workers billed together."""
        for place, ad in enumerate(self.booked.ads):
            self._today[place], self._ever[place] = within_budget(ad, *billed.get(ad.id, (0.0, 0.0)))
        self._second, self.changes = -1, self.changes + 1

    def limits(self, place: int) -> tuple[float, float, int | None]:
        """What one ad may be billed by now on the day and ever, and its cap."""
        return float(self._daily[place] * self._released), float(self._total[place]), self._caps[place]

    def billed(self, place: int) -> Billed:
        """What one ad was billed."""
        return Billed(float(self._today[place]), float(self._ever[place]))

    def moved(
        self, booked: Booked, shown_today: Callable[[], Mapping[tuple[str, str], int]] | None = None
    ) -> "Accounts":
        """The same books over other ads; what was shown is asked for where an ad has a cap that had none."""
        billed = self._gone | {
            id_: (float(self._today[place]), float(self._ever[place]))
            for place, id_ in enumerate(self.booked.ids)
        }
        shown = {
            (customer, self.booked.ids[place]): times
            for customer, seen in self._seen.items()
            for place, times in seen.items()
        }
        capped = {id_ for id_, cap in zip(self.booked.ids, self._caps, strict=True) if cap is not None}
        if shown_today and any(ad.cap_per_day is not None and ad.id not in capped for ad in booked.ads):
            shown = dict(shown_today())
        return Accounts(booked, self.day, billed, shown)

    def next_day(self, day: date) -> "Accounts":
        """The books of a new day: what was billed ever stays, everything of the day begins anew."""
        billed = {id_: (0.0, ever) for id_, (_, ever) in self._gone.items()}
        billed |= {id_: (0.0, float(self._ever[place])) for place, id_ in enumerate(self.booked.ids)}
        return Accounts(self.booked, day, billed, {})


def within_budget(ad: Ad, today: float, ever: float) -> tuple[float, float]:
    """What an ad is billed of what its decisions and clicks would cost: a budget ends with the bill that reaches it."""
    daily = UNLIMITED if ad.daily_budget is None else _last_bill(ad.daily_budget, ad.bid)
    total = UNLIMITED if ad.total_budget is None else _last_bill(ad.total_budget, ad.bid)
    return min(today, daily), min(ever, total)


def _last_bill(budget: float, bid: float) -> float:
    """What has been billed when a budget is reached, at the bid as it is now."""
    return budget if bid <= 0 else float(np.ceil(budget / bid - _ROUNDING) * bid)


def _limits(budgets: list[float | None]) -> NDArray[np.float64]:
    return np.array([UNLIMITED if one is None else one for one in budgets], np.float64)


def _share_of_day(now: datetime) -> float:
    moment = now.astimezone(UTC)
    return (moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6) / DAY_SECONDS

"""Days gathered into weeks, months or quarters, so that a chart has tens of points and not thousands."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

MONDAY = 3  # 1 January 1970 was a Thursday
UNITS = ("day", "week", "month", "quarter")
MICROSECONDS = 86_400_000_000


@dataclass(frozen=True)
class Unit:
    """One of day, week (from Monday), month or quarter; a period is numbered from 1970."""

    name: str

    def of(self, days: NDArray[np.int32]) -> NDArray[np.int32]:
        """The period of each day (days since 1970)."""
        if self.name == "day":
            return days
        if self.name == "week":
            return ((days + MONDAY) // 7).astype(np.int32)
        first, last = (int(days.min()), int(days.max())) if len(days) else (0, 0)
        every = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)
        return (every if self.name == "month" else every // 3)[days - first]

    def start(self, period: int) -> date:
        """The first day of a period."""
        if self.name == "day":
            return date(1970, 1, 1) + timedelta(days=period)
        if self.name == "week":
            return date(1970, 1, 1) + timedelta(days=period * 7 - MONDAY)
        months = period * (1 if self.name == "month" else 3)
        return date(1970 + months // 12, months % 12 + 1, 1)

    def end(self, period: int) -> date:
        """The last day of a period."""
        return self.start(period + 1) - timedelta(days=1)


def unit_for(days: int, most: int) -> Unit:
    """The finest unit that cuts a span of days into at most `most` periods, else the coarsest."""
    lengths = {"day": 1, "week": 7, "month": 30, "quarter": 91}
    return Unit(next((name for name in UNITS if days / lengths[name] <= most), UNITS[-1]))


def as_date(day: int) -> date:
    """A day number as a date."""
    return date(1970, 1, 1) + timedelta(days=int(day))


def as_day(moment: date) -> int:
    """A date as a day number."""
    return (moment - date(1970, 1, 1)).days

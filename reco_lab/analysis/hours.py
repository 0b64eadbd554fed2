"""When in the week things happen: hour by weekday."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reco_lab.analysis.periods import MICROSECONDS, MONDAY
from reco_lab.analysis.view import View

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FEWEST_DAYS = 7
HOUR = MICROSECONDS // 24
LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Hours:
    """`rows` counts 7 weekdays (from Monday) x 24 hours, in UTC; `visits` those that begin a customer's day.

    Rows say how much happens, visits how sure that is: what a customer does in one go hangs together. `days` is how
    often each weekday is in the span.
    """

    rows: NDArray[np.int64]
    visits: NDArray[np.int64]
    days: NDArray[np.int64]

    @property
    def per_day(self) -> NDArray[np.float64]:
        """Rows of an hour of the week, each time that it is in the span."""
        return np.asarray(self.rows / np.maximum(self.days, 1)[:, None], np.float64)

    @property
    def peak(self) -> tuple[str, int]:
        """The weekday and hour with most rows each time."""
        weekday, hour = np.unravel_index(int(self.per_day.argmax()), self.rows.shape)
        return WEEKDAYS[int(weekday)], int(hour)

    @property
    def times(self) -> float:
        """How many times an average hour the busiest has."""
        return float(self.per_day.max() * self.days.sum() * 24 / self.rows.sum())

    @property
    def sure(self) -> bool:
        """Whether more visits begin in the busiest hour than chance puts into one of 168 that are all alike."""
        busiest = int(self.per_day.argmax())
        chance = float(self.days[busiest // 24] / (24 * self.days.sum()))
        beyond = stats.binom.sf(int(self.visits.flat[busiest]) - 1, int(self.visits.sum()), chance)
        return bool(beyond < LEVEL / self.rows.size)


def hours(view: View) -> Hours | None:
    """Count rows by weekday and hour; None where times are not known, have no hour, or span less than a week."""
    if view.span is None or view.span[1] - view.span[0] + 1 < FEWEST_DAYS:
        return None
    found = view.tables.ask(
        f"select (time // {HOUR}) % 168 as hour, count(*) as rows, count(*) filter (visit) as visits "  # noqa: S608 - a number of ours
        "from log group by hour"
    )
    place = (found["hour"].to_numpy(np.int64) + MONDAY * 24) % 168
    rows, visits = (
        np.bincount(place, found[name], 168).astype(np.int64).reshape(7, 24) for name in ("rows", "visits")
    )
    days = np.bincount((np.arange(view.span[0], view.span[1] + 1) + MONDAY) % 7, minlength=7)
    return Hours(rows, visits, days) if (rows.sum(axis=0) > 0).sum() > 1 else None

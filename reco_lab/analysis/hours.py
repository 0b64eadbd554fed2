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

    Rows say how much happens, visits how sure that is: what a customer does in one go hangs together.
    """

    rows: NDArray[np.int64]
    visits: NDArray[np.int64]

    @property
    def peak(self) -> tuple[str, int]:
        """The weekday and hour with most rows."""
        weekday, hour = np.unravel_index(int(self.rows.argmax()), self.rows.shape)
        return WEEKDAYS[int(weekday)], int(hour)

    @property
    def sure(self) -> bool:
        """Whether more visits begin in the busiest hour than chance puts into one of 168 that are all alike."""
        most = int(self.visits.flat[self.rows.argmax()])
        return bool(
            stats.binom.sf(most - 1, int(self.visits.sum()), 1 / self.rows.size) < LEVEL / self.rows.size
        )


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
    return Hours(rows, visits) if (rows.sum(axis=0) > 0).sum() > 1 else None

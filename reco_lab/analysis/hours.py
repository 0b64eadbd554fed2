"""When in the week things happen: hour by weekday."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reco_lab.analysis.periods import MICROSECONDS, MONDAY
from reco_lab.analysis.view import View

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FEWEST_DAYS = 7
HOUR = MICROSECONDS // 24


@dataclass(frozen=True, eq=False)
class Hours:
    """`rows` counts 7 weekdays (from Monday) x 24 hours, in UTC."""

    rows: NDArray[np.int64]

    @property
    def peak(self) -> tuple[str, int]:
        """The weekday and hour with most rows."""
        weekday, hour = np.unravel_index(int(self.rows.argmax()), self.rows.shape)
        return WEEKDAYS[int(weekday)], int(hour)


def hours(view: View) -> Hours | None:
    """Count rows by weekday and hour; None where times are not known, have no hour, or span less than a week."""
    if view.span is None or view.span[1] - view.span[0] + 1 < FEWEST_DAYS:
        return None
    found = view.tables.ask(f"select (time // {HOUR}) % 168 as hour, count(*) as rows from log group by hour")  # noqa: S608 - a number of ours
    rows = np.zeros(168, np.int64)
    rows[(found["hour"].to_numpy(np.int64) + MONDAY * 24) % 168] = found["rows"].to_numpy(np.int64)
    table = rows.reshape(7, 24)
    return Hours(table) if (table.sum(axis=0) > 0).sum() > 1 else None

"""Interactions over time, with the periods that stand out from their neighbours."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from reco_lab.analysis.periods import unit_for
from reco_lab.analysis.view import View

MOST_POINTS = 420
FEWEST_POINTS = 28
NEIGHBOURS = 4
LEVEL = 0.05
FARTHEST = 4.0
LEAST_CHANGE = 0.25
SPREAD_OF_ROOT = 0.5  # the standard deviation of the root of a Poisson count


@dataclass(frozen=True, eq=False)
class Activity:
    """`series` has one row a `unit`: start, rows, expected (NaN where it cannot be said), unusual (bool), whole (bool).

    `judged` is how many periods were held against their neighbours.
    """

    unit: str
    series: pd.DataFrame
    judged: int


def activity(view: View) -> Activity | None:
    """Count rows by day, week or month; None without times."""
    if view.span is None:
        return None
    unit = unit_for(view.span[1] - view.span[0] + 1, MOST_POINTS)
    days = view.tables.ask("select day, count(*) as rows from log group by day order by day")
    periods = unit.of(days["day"].to_numpy(np.int32))
    first, last = int(periods[0]), int(periods[-1])
    rows = np.bincount(periods - first, days["rows"], last - first + 1).astype(np.int64)
    series = pd.DataFrame({"start": [unit.start(period) for period in range(first, last + 1)], "rows": rows})
    series["whole"] = True
    if unit.name != "day":  # the log begins and ends within a period, which is no fall in trade
        series.loc[[0, len(series) - 1], "whole"] = False
    inside = series["whole"].to_numpy()
    expected, unusual = np.full(len(rows), np.nan), np.zeros(len(rows), np.bool_)
    expected[inside], unusual[inside] = compare_with_neighbours(rows[inside], 7 if unit.name == "day" else 1)
    series["expected"], series["unusual"] = expected, unusual
    return Activity(unit.name, series, int(np.isfinite(expected).sum()))


def compare_with_neighbours(
    rows: NDArray[np.int64], cycle: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What each count would be by its neighbours, and whether it stands out from that.

    The neighbours are the four counts before and after at the same place in the cycle (the same weekday),
    their median is what is expected. The difference of the roots (which evens out the noise of counts) is
    held against its own usual size (1.48 MAD, no less than chance alone gives). A count stands out if that
    has a chance below 5 % anywhere in the series (Bonferroni), is 4 spreads away and off by a quarter at
    least. With fewer than 28 counts nothing is said.
    """
    if len(rows) < FEWEST_POINTS:
        return np.full(len(rows), np.nan), np.zeros(len(rows), np.bool_)
    padded = np.pad(rows.astype(np.float64), cycle * NEIGHBOURS, constant_values=np.nan)
    offsets = [cycle * step for step in range(-NEIGHBOURS, NEIGHBOURS + 1) if step]
    around = np.stack([padded[cycle * NEIGHBOURS + by :][: len(rows)] for by in offsets])
    expected = np.nanmedian(around, axis=0)
    expected[np.isfinite(around).sum(axis=0) < NEIGHBOURS] = np.nan
    off = np.sqrt(rows) - np.sqrt(expected)
    usual = max(1.4826 * float(np.nanmedian(np.abs(off))), SPREAD_OF_ROOT)
    limit = max(float(stats.norm.isf(LEVEL / 2 / len(rows))), FARTHEST)
    large = np.abs(rows - expected) > LEAST_CHANGE * np.maximum(expected, 1)
    return expected, np.asarray((np.abs(off) > limit * usual) & large, np.bool_)

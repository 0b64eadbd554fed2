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
WEEKS = 28
SURE = 0.01
ANSCOMBE = 3 / 8
SPREAD_OF_ROOT = 0.5  # the standard deviation of the root of a Poisson count


@dataclass(frozen=True)
class Recent:
    """Interactions a day in the last four whole weeks (`now`) and in the four before; `sure` where days vary less."""

    before: float
    now: float
    sure: bool


@dataclass(frozen=True, eq=False)
class Activity:
    """`series` has one row a `unit`: start, rows, expected (NaN where it cannot be said), unusual (bool), whole (bool).

    `judged` is how many periods were held against their neighbours.
    """

    unit: str
    series: pd.DataFrame
    judged: int
    recent: Recent | None


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
    series.loc[[0, len(series) - 1], "whole"] = (
        False  # a log begins and ends within a period: no fall in trade
    )
    inside = series["whole"].to_numpy()
    expected, unusual = np.full(len(rows), np.nan), np.zeros(len(rows), np.bool_)
    expected[inside], unusual[inside] = compare_with_neighbours(rows[inside], 7 if unit.name == "day" else 1)
    series["expected"], series["unusual"] = expected, unusual
    return Activity(unit.name, series, int(np.isfinite(expected).sum()), _recent(days))


def _recent(days: pd.DataFrame) -> Recent | None:
    """Four weeks against four weeks, each weekday as often in both; the last day may not be over and is left out."""
    first, last = int(days["day"].iloc[0]), int(days["day"].iloc[-1]) - 1
    if last - first < 2 * WEEKS:
        return None
    daily = np.zeros(last + 1 - first)
    inside = days["day"] <= last
    daily[days["day"][inside] - first] = days["rows"][inside]
    before, now = daily[-2 * WEEKS : -WEEKS], daily[-WEEKS:]
    if not before.sum():
        return None
    ends = np.sqrt(before), np.sqrt(now)
    spreads = [max(float(part.var(ddof=1)), SPREAD_OF_ROOT**2) for part in ends]
    away = abs(float(ends[1].mean() - ends[0].mean())) / float(np.sqrt(sum(spreads) / WEEKS))
    return Recent(float(before.mean()), float(now.mean()), 2 * float(stats.t.sf(away, WEEKS - 1)) < SURE)


def compare_with_neighbours(
    rows: NDArray[np.int64], cycle: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What each count would be by its neighbours, and whether it stands out from that.

    The neighbours are the four counts before and after at the same place in the cycle (the same weekday),
    their median is what is expected. The difference of the roots (Anscombe's: they even out the noise of counts) is
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
    known = np.isfinite(around).sum(axis=0)
    expected[known < NEIGHBOURS] = np.nan
    noise = np.sqrt(
        1 + np.pi / 2 / np.maximum(known, 1)
    )  # that of the count and of the median it is held against
    off = (np.sqrt(rows + ANSCOMBE) - np.sqrt(expected + ANSCOMBE)) / noise
    usual = max(1.4826 * float(np.nanmedian(np.abs(off))), SPREAD_OF_ROOT)
    limit = max(float(stats.norm.isf(LEVEL / 2 / len(rows))), FARTHEST)
    large = np.abs(rows - expected) > LEAST_CHANGE * np.maximum(expected, 1)
    return expected, np.asarray((np.abs(off) > limit * usual) & large, np.bool_)

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
    """Interactions a day in the last four whole weeks (`now`) and in the four before; `sure` where weeks vary less.

    Weeks are compared and not days: a good day is often followed by another, and Sundays differ from Mondays.
    """

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
    weeks = np.sqrt(np.reshape((before, now), (2, WEEKS // 7, 7)).sum(axis=2))
    spread = np.maximum(weeks.var(axis=1, ddof=1), SPREAD_OF_ROOT**2).sum()
    away = abs(float(weeks[1].mean() - weeks[0].mean())) / float(np.sqrt(spread / weeks.shape[1]))
    sure = 2 * float(stats.t.sf(away, 2 * (weeks.shape[1] - 1))) < SURE
    return Recent(float(before.mean()), float(now.mean()), sure)


def compare_with_neighbours(
    rows: NDArray[np.int64], cycle: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What each count would be by its neighbours, and whether it stands out from that.

    The neighbours are the four counts before and after at the same place in the cycle (the same weekday),
    their median is what is expected. Where there are fewer on one side, as in the last weeks, a trade that
    grows is ahead of them: what is expected is then anything from their median to where the growth of these
    weeks takes it. The difference of the roots (Anscombe's: they even out the noise of counts) is held
    against its usual size from the median (1.48 MAD, no less than chance alone gives). A count stands out if
    that has a chance below 5 % anywhere in the series (Bonferroni), is 4 spreads away and off by a quarter at
    least. With fewer than 28 counts nothing is said.
    """
    if len(rows) < FEWEST_POINTS:
        return np.full(len(rows), np.nan), np.zeros(len(rows), np.bool_)
    roots = np.sqrt(rows + ANSCOMBE)
    around, steps = _around(roots, cycle, NEIGHBOURS), np.arange(-NEIGHBOURS, NEIGHBOURS + 1)
    around[NEIGHBOURS] = np.nan
    known = np.isfinite(around).sum(axis=0)
    middle = np.nanmedian(around, axis=0)
    lean = (np.isfinite(around) * steps[:, None]).sum(axis=0) / np.maximum(known, 1)
    grown = middle - lean * _growth(roots, cycle)
    usually = np.clip(roots, np.minimum(middle, grown), np.maximum(middle, grown))
    noise = np.sqrt(
        1 + np.pi / 2 / np.maximum(known, 1)
    )  # that of the count and of the median it is held against
    off = (roots - usually) / noise
    usual = max(1.4826 * float(np.nanmedian(np.abs((roots - middle) / noise))), SPREAD_OF_ROOT)
    limit = max(float(stats.norm.isf(LEVEL / 2 / len(rows))), FARTHEST)
    expected = np.maximum(usually**2 - ANSCOMBE, 0)
    large = np.abs(rows - expected) > LEAST_CHANGE * np.maximum(expected, 1)
    expected[known < NEIGHBOURS] = np.nan
    return expected, np.asarray((np.abs(off) > limit * usual) & large & (known >= NEIGHBOURS), np.bool_)


def _around(values: NDArray[np.float64], cycle: int, reach: int) -> NDArray[np.float64]:
    """Each value (column) with those so many cycles before and after it: 2 reach + 1 rows, NaN beyond the ends."""
    padded = np.pad(values, cycle * reach, constant_values=np.nan)
    return np.stack([padded[cycle * place :][: len(values)] for place in range(2 * reach + 1)])


def _growth(roots: NDArray[np.float64], cycle: int) -> NDArray[np.float64]:
    """By how much the roots rise from cycle to cycle about each place: the middle of all rises near it."""
    rises = np.full(len(roots), np.nan)
    rises[cycle:] = roots[cycle:] - roots[:-cycle]
    reach = NEIGHBOURS * cycle
    found: NDArray[np.float64] = np.nanmedian(_around(rises, 1, reach), axis=0)
    return found

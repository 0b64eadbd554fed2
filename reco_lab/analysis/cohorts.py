"""New customers against returning ones, and how many of those who began together are still there later."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from reco_lab.analysis.periods import Unit, unit_for
from reco_lab.analysis.view import NEVER, View, blocks, firsts

MOST_PERIODS = 26
FEWEST_PERIODS = 3
SMALLEST = 20
WHOLE = 0.9
LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Cohorts:
    """Customers by the `unit` in which they first came.

    `periods` has start, new, returning, whole (False where the log begins or ends within the period).
    `retention` has start, customers (the cohort's size) and one column an age (1, 2, ... periods later) with the
    share that was active then: NaN where that period is not over, out of the scope or the cohort has fewer
    than 20 customers. `pooled` has age, customers, active, share, low, high (Wilson, 95 %) over all cohorts
    but the first: the log cannot tell which of those had come before it began.
    """

    unit: str
    periods: pd.DataFrame
    retention: pd.DataFrame
    pooled: pd.DataFrame

    def best(self, age: int) -> pd.Series | None:
        """The cohort that came back most often at an age, but the first; None where chance may have chosen it.

        It is held against the share of all by a one-sided binomial test, corrected for the number of cohorts (Bonferroni).
        """
        all_of, known = self.pooled[self.pooled["age"] == age], self.retention.iloc[1:]
        known = known[known[age].notna()] if age in known else known.iloc[:0]
        if not len(all_of) or not len(known):
            return None
        best: pd.Series = known.iloc[int(known[age].to_numpy(np.float64).argmax())]
        active = round(float(best[age]) * int(best["customers"]))
        beyond = stats.binom.sf(active - 1, int(best["customers"]), float(all_of["share"].iloc[0]))
        return best if beyond < LEVEL / len(known) else None


def cohorts(view: View) -> Cohorts | None:
    """Follow the customers by when they first came; None without times or for a span that is too short."""
    if view.span is None or view.debut is None:
        return None
    whole_log = int(view.debut[view.debut != NEVER].min())
    unit = unit_for(view.span[1] - whole_log + 1, MOST_PERIODS)
    counts = _counted(view, unit, view.debut)
    if counts["active"].max() - counts["active"].min() + 1 < FEWEST_PERIODS:
        return None
    sizes = pd.Series(unit.of(view.debut[view.debut != NEVER])).value_counts().sort_index()
    retention, pooled = _retention(view, unit, counts, sizes)
    return Cohorts(unit.name, _periods(view, unit, counts), retention, pooled)


def _counted(view: View, unit: Unit, debut: NDArray[np.int32]) -> pd.DataFrame:
    """How many customers began in one period and were active in another: began, active, customers."""
    low, high = int(debut.min()), int(view.dated.max())
    periods = unit.of(np.arange(low, high + 1, dtype=np.int32))
    periods, origin = periods - periods[0], int(periods[0])
    began = periods[np.minimum(debut, high) - low]
    width = int(periods[-1]) + 1
    cells = np.zeros(width * width, np.int64)
    for rows in blocks(len(view.log)):
        users, active = view.log.users[rows], periods[view.dated[rows] - low]
        once = firsts(users, active)
        once[0] = rows.start == 0
        cells += np.bincount(began[users[once]] * width + active[once], minlength=len(cells))
    filled = np.flatnonzero(cells)
    table = {"began": filled // width + origin, "active": filled % width + origin, "customers": cells[filled]}
    return pd.DataFrame(table)


def _periods(view: View, unit: Unit, counts: pd.DataFrame) -> pd.DataFrame:
    fresh = counts["began"] == counts["active"]
    wide = pd.DataFrame(
        {
            "new": counts[fresh].groupby("active")["customers"].sum(),
            "returning": counts[~fresh].groupby("active")["customers"].sum(),
        }
    )
    every = range(int(counts["active"].min()), int(counts["active"].max()) + 1)
    wide = wide.reindex(every).fillna(0).astype(int)
    wide.insert(0, "start", [unit.start(period) for period in wide.index])
    wide["whole"] = [_is_whole(view, unit, period) for period in wide.index]
    return wide.reset_index(drop=True)


def _is_whole(view: View, unit: Unit, period: int) -> bool:
    """Whether the scope covers nearly all days of the period."""
    first, last = view.span or (0, 0)
    days = np.arange(*(np.datetime64(end) for end in (unit.start(period), unit.start(period + 1))))
    return bool(np.mean((days.astype(int) >= first) & (days.astype(int) <= last)) >= WHOLE)


def _retention(
    view: View, unit: Unit, counts: pd.DataFrame, sizes: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    periods = range(int(counts["active"].min()), int(counts["active"].max()) + 1)
    over = [period for period in periods if _is_whole(view, unit, period)]
    seen = counts.set_index(["began", "active"])["customers"]
    starts = [period for period in sizes.index if period <= periods[-1]][-MOST_PERIODS:]
    rows, ages = [], range(1, MOST_PERIODS)
    pool: dict[int, list[tuple[int, int]]] = {age: [] for age in ages}
    for began in starts:
        size = int(sizes[began])
        row: dict[object, object] = {"start": unit.start(int(began)), "customers": size}
        for age in ages:
            known = began + age in over
            still = int(seen.get((began, began + age), 0))
            row[age] = still / size if known and size >= SMALLEST else np.nan
            if known and began != sizes.index[0]:
                pool[age].append((size, still))
        rows.append(row)
    table = pd.DataFrame(rows).dropna(axis="columns", how="all")
    return table, _pooled(pool)


def _pooled(pool: dict[int, list[tuple[int, int]]]) -> pd.DataFrame:
    rows = []
    for age, parts in pool.items():
        customers, active = (sum(part[place] for part in parts) for place in (0, 1))
        if customers >= SMALLEST:
            around = stats.binomtest(active, customers).proportion_ci(method="wilson")
            rows.append((age, customers, active, active / customers, around.low, around.high))
    return pd.DataFrame(rows, columns=["age", "customers", "active", "share", "low", "high"])

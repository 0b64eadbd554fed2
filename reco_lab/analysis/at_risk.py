"""Customers who may not come back: the chance that each buys nothing in the next while."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis import _bgnbd
from reco_lab.analysis._bgnbd import WEEK
from reco_lab.analysis._quality import auc, brier, calibration
from reco_lab.analysis._rhythm import Now, Rhythm, now, rhythm
from reco_lab.analysis.lifetime_value import FEWEST, columns, summary
from reco_lab.analysis.periods import as_date
from reco_lab.analysis.visits import Visits, visits
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, ParameterError
from reco_lab.core.words import share

Method = Literal["bg-nbd", "rhythm"]
HORIZONS = (7, 14, 30, 60, 90, 180, 365)
GAPS = 2
AT_RISK = 0.5


@dataclass(frozen=True, eq=False)
class AtRisk:
    """`customers` (index: code) has risk, visits, since (days), usual (her days between visits) and overdue (since / usual).

    `risk` is the chance that she buys nothing in the next `horizon` days after `end`: by BG/NBD where it settles
    on an answer and does no worse on the time before, else by how long others stayed away after as many of their own
    usual gaps.
    """

    customers: pd.DataFrame
    horizon: int
    end: date
    method: Method

    def listed(self, above: float = AT_RISK, visits: int = 2) -> NDArray[np.int64]:
        """The codes of customers of at least so many visits whose risk is at least `above`, the surest first."""
        table = self.customers
        kept = table[(table["risk"] >= above) & (table["visits"] >= visits)]
        return kept.sort_values("risk", ascending=False, kind="stable").index.to_numpy(np.int64)


@dataclass(frozen=True, eq=False)
class RiskTest:
    """How risks told at `cut` fared in the `horizon` days after it, over `customers` who had bought by then.

    `auc`: how often of two customers the one who stayed away had the higher risk; `auc_since` the same by the
    days since the last purchase alone. `brier` is the mean squared miss of the risks, `brier_same` that of
    giving everybody the true share. `calibration` has customers, said and happened, by tenths.
    """

    cut: date
    horizon: int
    customers: int
    method: Method
    auc: float
    auc_since: float
    brier: float
    brier_same: float
    calibration: pd.DataFrame
    sentence: str


def at_risk(data: Dataset, horizon: int | None = None) -> AtRisk:
    """Tell each customer's risk; DataError without times or where hardly anybody came back."""
    seen = visits(data)
    return _told(seen, usual_horizon(seen) if horizon is None else horizon)


def held_out(data: Dataset, horizon: int | None = None) -> RiskTest:
    """Tell the risks as of one horizon before the end of the log and compare them with who then came back."""
    seen = visits(data)
    days = usual_horizon(seen) if horizon is None else horizon
    day = seen.end - days
    if day - seen.start < days:
        raise DataError(
            f"The log covers {seen.end - seen.start + 1} days: too few to hold out {days} of them.",
            fix="Choose a shorter horizon or bring a longer log.",
        )
    told = _told(seen.until(day), days)
    table = told.customers
    stayed = ~np.isin(table.index.to_numpy(), seen.after(day).users)
    risk = table["risk"].to_numpy()
    areas = auc(risk, stayed), auc(table["since"].to_numpy(), stayed)
    base = float(stayed.mean())
    return RiskTest(
        cut=as_date(day),
        horizon=days,
        customers=len(table),
        method=told.method,
        auc=areas[0],
        auc_since=areas[1],
        brier=brier(risk, stayed),
        brier_same=base * (1 - base),
        calibration=calibration(risk, stayed),
        sentence=_said(days, areas, float(risk.mean()), base),
    )


def usual_horizon(seen: Visits) -> int:
    """The first of 7, 14, 30, 60, 90, 180, 365 days that is as long as two usual gaps between visits."""
    gaps = np.diff(seen.days)[np.diff(seen.users) == 0]
    middle = float(np.median(gaps)) if len(gaps) else 0.0
    return next((days for days in HORIZONS if days >= GAPS * middle), HORIZONS[-1])


def _told(seen: Visits, horizon: int) -> AtRisk:
    if not 1 <= horizon <= HORIZONS[-1]:
        raise ParameterError(f"A risk over {horizon} days cannot be told.", fix="Choose 1 to 365 days.")
    learned = rhythm(seen)
    here = now(seen, learned)
    risk = _by_rhythm(learned, here, horizon)
    modelled = None if _rhythm_is_better(seen, horizon) else _by_bgnbd(seen, horizon)
    method: Method = "rhythm" if modelled is None else "bg-nbd"
    risk = risk if modelled is None else modelled
    table = pd.DataFrame(
        {
            "risk": risk,
            "visits": here.visits,
            "since": here.since,
            "usual": here.usual,
            "overdue": here.since / here.usual,
        },
        index=pd.Index(here.customers, name="user"),
    )
    return AtRisk(table, horizon, as_date(seen.end), method)


def _by_rhythm(learned: Rhythm, here: Now, horizon: int) -> NDArray[np.float64]:
    """By how many of those who were silent for as many of their usual gaps were silent so much longer."""
    still = learned.away(here.visits, here.since / here.usual)
    later = learned.away(here.visits, (here.since + horizon) / here.usual)
    return np.where(still > 0, later / np.where(still > 0, still, 1), 1.0)


def _rhythm_is_better(seen: Visits, horizon: int) -> bool:
    """Whether one horizon ago the risks by each one's rhythm were clearly (by a standard error) nearer to what then came.

    BG/NBD takes customers to buy at any moment alike. Of those who buy as regularly as coffee it expects too much of
    who is long overdue. Where the log is too short to try, the model is taken.
    """
    day = seen.end - horizon
    if day - seen.start < horizon:
        return False
    earlier = seen.until(day)
    modelled = _by_bgnbd(earlier, horizon)
    if modelled is None:
        return True
    try:
        learned = rhythm(earlier)
    except DataError:
        return False
    here = now(earlier, learned)
    stayed = ~np.isin(here.customers, seen.after(day).users)
    nearer = (modelled - stayed) ** 2 - (_by_rhythm(learned, here, horizon) - stayed) ** 2
    return bool(nearer.mean() > nearer.std() / np.sqrt(len(nearer)))


def _by_bgnbd(seen: Visits, horizon: int) -> NDArray[np.float64] | None:
    """One minus the chance to be a customer still and to buy; None where the model does not settle."""
    table = summary(seen)
    if (table["frequency"] > 0).sum() < FEWEST:
        return None
    x, last, age = columns(table)
    model = _bgnbd.fit(x, last, age)
    if not model.converged:
        return None
    return np.asarray(1 - model.alive(x, last, age) * (1 - model.silent(horizon / WEEK, x, age)), np.float64)


def _said(days: int, areas: tuple[float, float], said: float, happened: float) -> str:
    if np.isnan(areas[0]):
        return f"In the {days} days held out everybody did the same, so the risks cannot be judged."
    return (
        f"Of two customers of whom one came back within {days} days and one did not, the risk named the right one in "
        f"{100 * areas[0]:.0f} of 100 cases (days since the last purchase alone: {100 * areas[1]:.0f}). "
        f"It expected {share(said)} to stay away; {share(happened)} did."
    )

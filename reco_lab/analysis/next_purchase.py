"""When each customer will buy next: a day, and the span in which it falls, where anything can be said."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis._rhythm import now, rhythm
from reco_lab.analysis.lifetime_value import default_cut
from reco_lab.analysis.periods import as_date, as_day
from reco_lab.analysis.visits import Visits, visits
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.words import count, share

LEVEL = 0.8
FEWEST = 30


@dataclass(frozen=True, eq=False)
class NextPurchase:
    """`customers` (index: code) has day, low, high (dates), back, visits, since (days) and usual (her days between visits).

    By `day` one in two such customers has bought again; with a chance of `level` she does between `low` and
    `high`. NaT where so many never did: of `unsaid` customers no day can be told, and an open `high` is a
    real one. `back` is the chance to see her again at all within the time the log knows. `end` is its last day.
    """

    customers: pd.DataFrame
    level: float
    end: date
    unsaid: int
    sentence: str


@dataclass(frozen=True, eq=False)
class DateTest:
    """How days told at `cut` fared in the `days` after it.

    `error` is the median miss in days over the `dated` customers whose day fell before the end of the log,
    `error_same` that of supposing everyone's usual gap; a customer who did not come by then missed by as much as
    could be seen or more. `covered` is the share of the `closed` spans (over before the end) that held the
    purchase; it should be near `level`. Either is NaN for fewer than 30 customers.
    """

    cut: date
    days: int
    dated: int
    error: float
    error_same: float
    closed: int
    covered: float
    level: float
    sentence: str


def next_purchase(data: Dataset, level: float = LEVEL) -> NextPurchase:
    """Tell each customer's next day by how long others stayed away, in her own rhythm; DataError without gaps."""
    return _told(visits(data), level)


def held_out(data: Dataset, cut: date | None = None, level: float = LEVEL) -> DateTest:
    """Tell the days as of `cut` (else 70 % of the log) and compare them with the purchases after it."""
    seen = visits(data)
    day = default_cut(seen) if cut is None else as_day(cut)
    if not seen.start < day < seen.end:
        raise DataError(f"Nothing can be held out after {as_date(day)}.", fix="Choose a day inside the log.")
    before, later = seen.until(day), seen.after(day)
    table = _told(before, level).customers
    told, low, high = (_numbers(table[name]) for name in ("day", "low", "high"))
    came = pd.Series(later.days[later.begins], later.users[later.begins]).reindex(table.index)
    actual = came.fillna(np.inf).to_numpy(np.float64)
    dated, closed = told <= seen.end, high <= seen.end
    usual = float(np.median(np.diff(before.days)[np.diff(before.users) == 0]))
    same = np.maximum(day - table["since"].to_numpy() + usual, day + 1)
    errors = _median(actual[dated] - told[dated]), _median(actual[dated] - same[dated])
    inside = (actual >= low) & (actual <= high)
    covered = float(inside[closed].mean()) if closed.sum() >= FEWEST else float("nan")
    return DateTest(
        cut=as_date(day),
        days=seen.end - day,
        dated=int(dated.sum()),
        error=errors[0],
        error_same=errors[1],
        closed=int(closed.sum()),
        covered=covered,
        level=level,
        sentence=_said(errors, covered, level),
    )


def _told(seen: Visits, level: float) -> NextPurchase:
    learned = rhythm(seen)
    here = now(seen, learned)
    since = here.since / here.usual
    last = seen.end - here.since
    days = {}
    for name, chance in (("day", 0.5), ("low", (1 - level) / 2), ("high", (1 + level) / 2)):
        gaps = learned.until(here.visits, since, chance)
        found = np.maximum(np.ceil(last + gaps * here.usual), seen.end + 1)
        days[name] = np.where(found <= 2 * seen.end - seen.start, found, np.inf)
    known = np.isfinite(days["day"])
    table = pd.DataFrame(
        {name: _dates(np.where(known, column, np.inf)) for name, column in days.items()},
        index=pd.Index(here.customers, name="user"),
    )
    still = learned.away(here.visits, since)
    left = learned.away(here.visits, np.full(len(since), np.inf))
    table["back"] = np.where(still > 0, 1 - left / np.where(still > 0, still, 1), 0.0)
    table["visits"], table["since"], table["usual"] = here.visits, here.since, here.usual
    unsaid = int((~known).sum())
    sentence = (
        f"A next day can be told of {count(len(known) - unsaid, 'customer')}; "
        f"of {unsaid:,} it cannot, since half of those like them were not seen again in so long a log."
    )
    return NextPurchase(table, level, as_date(seen.end), unsaid, sentence)


def _dates(days: NDArray[np.float64]) -> NDArray[np.datetime64]:
    known = np.isfinite(days)
    found = np.where(known, days, 0).astype(np.int64).astype("datetime64[D]").astype("datetime64[s]")
    found[~known] = np.datetime64("NaT")
    return found


def _numbers(dates: pd.Series) -> NDArray[np.float64]:
    days = dates.to_numpy("datetime64[D]")
    return np.where(np.isnat(days), np.inf, days.astype(np.int64))


def _median(errors: NDArray[np.float64]) -> float:
    return float(np.median(np.abs(errors))) if len(errors) >= FEWEST else float("nan")


def _said(errors: tuple[float, float], covered: float, level: float) -> str:
    error, same = errors
    if np.isnan(error):
        return "Too few days were told that lie inside the time held out: they cannot be judged."
    against = f"{same:.0f} days" if np.isfinite(same) else "more than can be seen"
    first = (
        f"Half of the told days were at most {error:.0f} days off (everyone's usual gap instead: {against})"
        if np.isfinite(error)
        else "More than half of these customers did not come in the time held out"
    )
    if np.isnan(covered):
        return f"{first}; too few spans ended in time to judge them."
    return f"{first}; {share(covered)} of the spans held the purchase, where {share(level)} was meant."

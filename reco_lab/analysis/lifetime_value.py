"""What customers are worth from now on: who still is one, how often they will buy, and for how much."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis import _bgnbd, _gamma_gamma
from reco_lab.analysis._bgnbd import WEEK, Bgnbd
from reco_lab.analysis._gamma_gamma import GammaGamma
from reco_lab.analysis.periods import as_date, as_day
from reco_lab.analysis.visits import Money, Visits, surely_money, visits
from reco_lab.core import words
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, ParameterError
from reco_lab.core.words import count, share

YEAR = 365.25
MONTH = 30.0
HORIZON = 365
RATE = 0.1
FEWEST = 30
HELD_OUT = 0.3
CLASSES = 7
TOGETHER = 0.3
CLOSE = 0.1
SURE = 1.96
LONGEST = 3650
STAYING = 0.001


@dataclass(frozen=True, eq=False)
class LifetimeModel:
    """The fitted models. `summary` has a row for each customer who bought (index: code): frequency, recency, age, mean_value.

    `frequency` counts her visits after the first; `recency` and `age` are days from the first visit to the last
    one and to `end`, the last day of the log; `mean_value` is that of the visits after the first (NaN: none).
    `spending` is None where money is not known or too few came back. `notes` are sentences on what to mistrust.
    """

    summary: pd.DataFrame
    end: date
    purchasing: Bgnbd
    spending: GammaGamma | None
    notes: tuple[str, ...]
    money: str

    @property
    def in_money(self) -> bool:
        """Whether what customers are expected to bring is surely money, rather than perhaps pieces."""
        return surely_money(self.money)

    def customers(self, horizon: int = HORIZON, rate: float = RATE) -> pd.DataFrame:
        """The summary with alive, again, expected, average and value for the next `horizon` days.

        `alive` is the chance that she still is a customer (1 for whoever came once: in this model nobody
        leaves but after coming back), `again` the chance that she buys at all in the horizon, `expected` her
        purchases in it, `average` the expected worth of one, `value` all of them together, each discounted by
        `rate` a year (.1 is 10 %).
        """
        if not (1 <= horizon <= LONGEST and 0 <= rate <= 10):
            raise ParameterError(
                f"A horizon of {horizon} days at {rate:.0%} a year cannot be valued.",
                fix=f"Take 1 to {LONGEST:,} days and 0 to 1,000 %.",
            )
        x, last, age = columns(self.summary)
        alive = self.purchasing.alive(x, last, age)
        edges = np.linspace(0, horizon, int(np.ceil(horizon / MONTH)) + 1)
        grown = self.purchasing.expected(edges[1:] / WEEK, x, age) * alive[:, None]
        again = alive * (1 - self.purchasing.silent(horizon / WEEK, x, age))
        table = self.summary.assign(alive=alive, again=again, expected=grown[:, -1])
        if self.spending is not None:
            middles = (edges[1:] + edges[:-1]) / 2
            today = np.diff(grown, axis=1, prepend=0.0) @ (1 + rate) ** (-middles / YEAR)
            table["average"] = self.spending.average(x, self.summary["mean_value"].fillna(0).to_numpy())
            table["value"] = today * table["average"]
        return table


@dataclass(frozen=True, eq=False)
class LifetimeTest:
    """How a model fitted up to `cut` did on the `days` after it, over `customers` who had bought by then.

    `expected` and `actual` are purchases in all. `error` is the mean miss a customer, `error_as_before` that
    of the same pace as before. `classes` has label (visits after the first up to the cut), customers,
    expected, actual (means). `sentence` says it.
    """

    cut: date
    days: int
    customers: int
    expected: float
    actual: int
    error: float
    error_as_before: float
    classes: pd.DataFrame
    sentence: str


def learn(data: Dataset, as_of: date | None = None, money: Money | None = None) -> LifetimeModel:
    """Fit BG/NBD and Gamma-Gamma to the purchases up to a day (else all); DataError where too few came back."""
    seen = visits(data, money)
    return _learned(seen if as_of is None else seen.until(as_day(as_of)))


def held_out(data: Dataset, cut: date | None = None) -> LifetimeTest:
    """Fit on what was known at `cut` (else 70 % of the days) and compare what it expects with what came after."""
    seen = visits(data)
    day = default_cut(seen) if cut is None else as_day(cut)
    if not seen.start < day < seen.end:
        raise DataError(f"Nothing can be held out after {as_date(day)}.", fix="Choose a day inside the log.")
    model, days = _learned(seen.until(day)), seen.end - day
    codes = model.summary.index.to_numpy()
    later = np.bincount(seen.after(day).users, minlength=int(codes.max()) + 1)[codes]
    x, last, age = columns(model.summary)
    expected = (
        model.purchasing.alive(x, last, age)
        * model.purchasing.expected(np.array([days / WEEK]), x, age).ravel()
    )
    before = x * days / WEEK / np.maximum(age, 1 / WEEK)
    return LifetimeTest(
        cut=as_date(day),
        days=days,
        customers=len(codes),
        expected=float(expected.sum()),
        actual=int(later.sum()),
        error=float(np.abs(expected - later).mean()),
        error_as_before=float(np.abs(before - later).mean()),
        classes=_classes(x, expected, later),
        sentence=_said(day, days, expected, before, later),
    )


def default_cut(seen: Visits) -> int:
    """The day after which the last 30 % of the log are held out."""
    return seen.start + int((1 - HELD_OUT) * (seen.end - seen.start))


def summary(seen: Visits) -> pd.DataFrame:
    """Frequency, recency, age (days) and mean value of each customer with a visit; index: her code."""
    begins = seen.begins
    ends = np.append(begins[1:], len(seen.users))
    again = ends - begins - 1
    first = seen.days[begins]
    table = pd.DataFrame(
        {"frequency": again, "recency": seen.days[ends - 1] - first, "age": seen.end - first},
        index=pd.Index(seen.users[begins], name="user"),
    )
    table["mean_value"] = np.nan
    if seen.amounts is not None and len(begins):
        repeated = np.add.reduceat(seen.amounts, begins) - seen.amounts[begins]
        table["mean_value"] = np.where(again > 0, repeated / np.maximum(again, 1), np.nan)
    return table


def columns(table: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Frequency, recency and age of a summary, the times in weeks."""
    days = table[["recency", "age"]].to_numpy(np.float64) / WEEK
    return table["frequency"].to_numpy(np.float64), days[:, 0], days[:, 1]


def _learned(seen: Visits) -> LifetimeModel:
    table = summary(seen)
    returning = int((table["frequency"] > 0).sum())
    if returning < FEWEST:
        raise DataError(
            f"Only {count(returning, 'customer')} bought on more than one day: that says too little of who returns.",
            fix=f"Lifetime value needs {FEWEST} of them, so bring a longer log.",
        )
    purchasing = _bgnbd.fit(*columns(table))
    spending = _spending(table)
    return LifetimeModel(
        table, as_date(seen.end), purchasing, spending, _notes(purchasing, spending), seen.money
    )


def _spending(table: pd.DataFrame) -> GammaGamma | None:
    """Learned from those who came back and paid: a mean of nothing has no logarithm."""
    paying = table[table["mean_value"] > 0]
    if len(paying) < FEWEST or np.ptp(paying["mean_value"]) == 0:
        return None
    return _gamma_gamma.fit(paying["frequency"].to_numpy(np.float64), paying["mean_value"].to_numpy())


def _notes(purchasing: Bgnbd, spending: GammaGamma | None) -> tuple[str, ...]:
    notes = []
    if not purchasing.converged:
        notes.append(
            "The purchase model did not settle on one answer: mistrust its chances and expectations."
        )
    elif purchasing.leaving < STAYING:
        notes.append(
            "Nothing in this log says that customers leave for good: everybody counts as still a customer, "
            "also one who has been away for long."
        )
    if spending is None:
        notes.append(
            "No value in money: what purchases were worth is not known, or too few customers came back."
        )
        return tuple(notes)
    if not spending.converged:
        notes.append("The spending model did not settle on one answer: mistrust the values in money.")
    if spending.q <= 1:
        notes.append("Spending differs so widely that customers with one purchase have no expected value.")
    if abs(spending.correlation) > TOGETHER:
        more = "more" if spending.correlation > 0 else "less"
        notes.append(
            f"Customers who buy more often spend {more} on each purchase (correlation {spending.correlation:.2f}), "
            "which the spending model takes not to be so: values of the most frequent are too "
            f"{'low' if spending.correlation > 0 else 'high'}."
        )
    return tuple(notes)


def _classes(x: NDArray[np.float64], expected: NDArray[np.float64], later: NDArray[np.int64]) -> pd.DataFrame:
    labels = [*map(str, range(CLASSES)), f"{CLASSES} or more"]
    table = pd.DataFrame({"class": np.minimum(x, CLASSES).astype(int), "expected": expected, "actual": later})
    grouped = table.groupby("class").agg(
        customers=("actual", "size"), expected=("expected", "mean"), actual=("actual", "mean")
    )
    grouped.insert(0, "label", [labels[place] for place in grouped.index])
    return grouped.reset_index(drop=True)


def _said(
    day: int,
    days: int,
    expected: NDArray[np.float64],
    before: NDArray[np.float64],
    later: NDArray[np.int64],
) -> str:
    total, actual = float(expected.sum()), int(later.sum())
    opening = f"Fitted up to {words.day(as_date(day))}, it expected {count(total, 'purchase')} in the {days} days after"
    if not actual:
        return f"{opening}; there were none."
    off, chance = total / actual - 1, SURE * float(np.sqrt(((later - expected) ** 2).sum()))
    verdict = f"{share(abs(off))} {'too many' if off > 0 else 'too few'}"
    if abs(off) <= CLOSE:
        verdict = "close"
    elif abs(total - actual) <= chance:
        verdict += ", which may be chance"
    closer = np.abs(expected - later).mean() < np.abs(before - later).mean()
    against = "closer for single customers than" if closer else "no closer for single customers than"
    return (
        f"{opening}; there were {actual:,}: {verdict}, and {against} to suppose that each goes on as before."
    )

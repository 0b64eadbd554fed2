"""What a measured difference would be worth, as far as the assumptions beside it hold."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from reco_lab.analysis.visits import amounts
from reco_lab.core.catalogue import margins, prices
from reco_lab.core.words import count
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.results import Outcome

MONTH = 30
GUESS, OWN = "a guess", "your own"


@dataclass(frozen=True)
class Assumptions:
    """What nobody measured: customers who come back in a month, shares (0 to 1) and money an order, each with where it comes from.

    `seen` is the share of customers who see the list, `extra` the share of further finds that become an order
    that would not have been made otherwise, `value` the money of an order, `margin` the share of it that is earned.
    """

    customers: float
    seen: float = 0.5
    extra: float = 0.1
    value: float = 20.0
    margin: float = 0.3
    customers_from: str = GUESS
    seen_from: str = GUESS
    extra_from: str = GUESS
    value_from: str = GUESS
    margin_from: str = GUESS

    @classmethod
    def of(cls, exam: Exam) -> Self:
        """As much as the data says, and a guess where it says nothing."""
        items, (customers, source) = exam.judged.items, _in_a_month(exam)
        price, earned = prices(exam.train), margins(exam.train)
        each = np.nanmean(price[items]) if price is not None and np.isfinite(price[items]).any() else np.nan
        kept = np.nanmean(earned[items]) / each if earned is not None and each > 0 else np.nan
        spent, _ = amounts(exam.train, exam.judged)
        paid = np.nan if spent is None else spent[spent > 0].mean() if (spent > 0).any() else np.nan
        guess = cls(customers=1.0)
        return cls(
            customers=max(float(round(customers)), 1.0),
            value=round(float(paid), 2) if paid > 0 else guess.value,
            margin=round(float(kept), 2) if 0 <= kept <= 1 else guess.margin,
            customers_from=source,
            value_from="what customers paid for an item in the test, on average" if paid > 0 else GUESS,
            margin_from="mean margin of the items of the test" if 0 <= kept <= 1 else GUESS,
        )

    def beside(self, known: Self) -> Self:
        """The same, saying of each where it comes from: as known where it was not changed, else the person's own."""
        fields = ("customers", "seen", "extra", "value", "margin")
        same = {name: np.isclose(getattr(self, name), getattr(known, name), rtol=1e-6) for name in fields}
        sources: dict[str, Any] = {
            f"{name}_from": getattr(known, f"{name}_from") if same[name] else OWN for name in fields
        }
        return replace(self, **sources)


def _in_a_month(exam: Exam) -> tuple[float, str]:
    """How many customers a month are like those the difference was measured on, and where that comes from.

    It was measured on who came back in the test. Many customers do not, so all who are known would be too many.
    """
    if exam.days is not None:
        month = "" if exam.days == MONTH else f", made {MONTH} days"
        source = f"customers with a history who came back in the {count(exam.days, 'day')} of the test{month}"
        return exam.n_warm * MONTH / exam.days, source
    log = exam.known
    if log.times is None or not len(log):
        return float(len(np.unique(log.users))), "all customers of the data set"
    late = log.times > log.times.max() - np.timedelta64(MONTH, "D")
    return float(len(np.unique(log.users[late]))), "customers of the last 30 days before the test"


@dataclass(frozen=True)
class Finds:
    """How many customers find something they later go for: with one recommender, with what everyone sees today.

    Shares of customers; `difference` is own minus today, `low` to `high` its paired 95 % interval, `k` the
    length of the lists.
    """

    k: int
    own: float
    today: float
    difference: float
    low: float
    high: float
    customers: int
    outcome: Outcome
    days: int | None = None


@dataclass(frozen=True)
class Amount:
    """A step of the reckoning: what it is, and how much with the lowest and highest that the interval leaves open."""

    what: str
    centre: float
    low: float
    high: float

    def times(self, what: str, factor: float) -> "Amount":
        """The next step: so much of this one."""
        return Amount(what, *(factor * one for one in (self.centre, self.low, self.high)))


@dataclass(frozen=True)
class Reckoning:
    """The reckoning a month, step by step: the last two are the revenue and what is earned of it."""

    steps: tuple[Amount, ...]

    @property
    def revenue(self) -> Amount:
        """Extra revenue a month."""
        return self.steps[-2]

    @property
    def margin(self) -> Amount:
        """What is earned of the extra revenue a month."""
        return self.steps[-1]


def reckon(found: Finds, assumed: Assumptions) -> Reckoning:
    """What a difference in finds would be worth a month: a product, so its interval is that of the difference."""
    shown = assumed.customers * assumed.seen
    finds = Amount("Extra finds", *(shown * one for one in (found.difference, found.low, found.high)))
    orders = finds.times("Extra orders", assumed.extra)
    revenue = orders.times("Extra revenue", assumed.value)
    return Reckoning((
        Amount("See the list", shown, shown, shown), finds, orders, revenue,
        revenue.times("Extra margin", assumed.margin),
    ))  # fmt: skip

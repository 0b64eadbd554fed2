"""The figures of a period: rates whose errors count customers, places, coverage, newcomers, speed.

Sources: A. Deng et al., Applying the delta method in metric analytics (KDD 2018) for rates clustered by
customer; D. Horvitz and D. Thompson, A generalization of sampling without replacement (JASA 1952) for what
even chance would have done, self-normalised as in A. Swaminathan and T. Joachims (NIPS 2015); W. Deming and
F. Stephan (Annals of Mathematical Statistics 1940) for telling places and ads apart; C. Gini, Variabilita e
mutabilita (1912).
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.proportions import by_owner, wilson, worth_of
from reco_lab.experiments.significance import difference_of
from reco_lab.experiments.support import FEWEST, effective
from reco_lab.monitoring.facts import Facts, Slice

FEW_CUSTOMERS = 20
FITTING = 200  # rounds in which ads and places are told apart
SUPPORT = 3.0  # standard errors by which the mean weight may differ from 1

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rate:
    """A rate with its interval over customers; `low` and `high` are NaN where too few stand behind it."""

    value: float
    low: float
    high: float
    n: float

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite(self.low))


NO_RATE = Rate(np.nan, np.nan, np.nan, 0.0)


@dataclass(frozen=True)
class Sums:
    """What came of the ads of a part of the traffic. Money is in the shop's currency."""

    decisions: int
    shown: int
    seen: int
    clicks: int
    conversions: int
    revenue: float
    spend: float
    customers: int
    click_rate: Rate
    corrected: float

    @property
    def cost_per_click(self) -> float:
        """What advertisers paid for a click, however they are billed; NaN without clicks."""
        return self.spend / self.clicks if self.clicks else np.nan

    @property
    def cost_per_thousand(self) -> float:
        """What advertisers paid for a thousand ads that were seen; NaN without any."""
        return 1000 * self.spend / self.seen if self.seen else np.nan


@dataclass(frozen=True)
class Spread:
    """How widely what is shown is spread: different ads, of how many, how unequally (Gini: 0 even, 1 all one ad)."""

    shown: int
    of: int
    gini: float


@dataclass(frozen=True)
class Speed:
    """How long deciding took, in milliseconds: half of the answers, 95 and 99 of 100 took less."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Random:
    """First places as a policy filled them, and as even chance would have; how much each is clicked.

    `control` is None where the log cannot say, `why` then says why.
    """

    ours: Rate
    control: Rate | None
    lift: Rate | None
    why: str = ""


def clustered(clicks: Floats, tries: Floats, customers: NDArray[np.int64], n_customers: int) -> Rate:
    """Clicks by tries, where what one customer does hangs together. Wilson's interval with the customers' spread."""
    c, n = (np.bincount(customers, part, n_customers).astype(np.float64) for part in (clicks, tries))
    c, n = c[n > 0], n[n > 0]
    if not len(n):
        return NO_RATE
    rate, variance = by_owner(c, n)
    total = float(n.sum())
    if len(n) < FEW_CUSTOMERS:
        return Rate(rate, np.nan, np.nan, total)
    return replace(interval(rate, variance, total if 0 < rate < 1 else len(n)), n=total)


def interval(rate: float, variance: float, most: float) -> Rate:
    """Wilson's interval of a rate of this variance; `n` is how many independent tries it is worth, `most` at most."""
    worth = worth_of(rate, variance, most)
    return Rate(float(rate), *wilson(float(rate), float(worth)), float(worth))


def click_rate(facts: Facts, chosen: NDArray[np.bool_] | None = None) -> Rate:
    """The click rate of what was seen, of some ads in answers or of all; see `Facts.counted`."""
    mine = facts.counted(facts.placed_kept if chosen is None else facts.placed_kept & chosen)
    of, clicked = facts.of[mine], (facts.clicked & facts.seen)[mine]
    return clustered(
        clicked.astype(float),
        facts.seen[mine].astype(float),
        _people(facts)[of],
        len(facts.period.names["customer"]) + len(facts.period),
    )


def at_random(facts: Facts) -> Random:
    """The click rate of first places beside what even chance among the same candidates would have got.

    Each decision is weighed by 1 / (candidates x propensity); where every candidate had a chance, the weights
    are 1 in the mean. Where they are not, the policy never tries some ads, and there is no random control;
    nor is there one where so few places were left to chance that a handful of them carries all the weight, as
    for any other policy that is judged by a log. Answers for which nothing but the shop's own ads could be
    shown are left out: nobody chose there.
    """
    placed = facts.period.placed
    chosen = (placed["position"] == 0) & ~facts.house[facts.of]
    first = facts.placed_kept & chosen & (placed["propensity"] > 0)
    of = facts.of[first]
    candidates = facts.period.decided["n_candidates"][of]
    ours = click_rate(facts, chosen)
    if not ours.known:
        return Random(ours, None, None, "Too few customers yet.")
    if (candidates < 2).all():
        return Random(ours, None, None, "There was never more than one ad to choose from.")
    weight = 1 / (np.maximum(candidates, 1) * placed["propensity"][first])
    clicks, seen = (mask[first].astype(np.float64) for mask in (facts.clicked & facts.seen, facts.seen))
    people = _people(facts)[of]
    size = len(facts.period.names["customer"]) + len(facts.period)
    w, n = np.bincount(people, weight, size), np.bincount(people, minlength=size).astype(float)
    mean, error = weight.mean(), np.sqrt(((w - weight.mean() * n) ** 2).sum()) / n.sum()
    if abs(mean - 1) > max(SUPPORT * error, 0.02):
        return Random(
            ours,
            None,
            None,
            "Some ads never had a chance to come first, so no random choice can be compared.",
        )
    wc, ws = np.bincount(people, weight * clicks, size), np.bincount(people, weight * seen, size)
    worth = effective(weight * seen)
    if worth < FEWEST:
        return Random(
            ours, None, None, "Too little was left to chance yet to say what chance would have got."
        )
    rate, total = wc.sum() / ws.sum(), ws.sum()
    control = interval(rate, ((wc - rate * ws) ** 2).sum() / total**2, worth)
    mine = clustered(clicks, seen, people, size)
    gap = difference_of((mine.value, mine.low, mine.high), (control.value, control.low, control.high))
    return Random(ours, control, Rate(*gap, control.n))


def by_place(facts: Facts) -> Floats:
    """The click rate of each place by the ads that stood there and elsewhere: what standing there is worth.

    Clicks are taken for what an ad draws times what its place is worth, each as likely as it can be (iterative
    proportional fitting), so that a place is not praised for the good ads that are put there. Where no ad ever stood in
    two places nothing tells the two apart, and the place gets all of it.
    """
    places, ads = facts.period.placed["position"], facts.placed_codes("ad")
    kept, size = facts.counted(facts.placed_kept), int(places.max()) + 1 if len(places) else 0
    shape = (int(ads.max()) + 1 if len(ads) else 0, size)
    seen, clicks = (
        np.bincount(ads * size + places, weights, shape[0] * size).reshape(shape)
        for weights in (facts.seen * kept, (facts.clicked & facts.seen) * kept)
    )
    stood, got, drawn = seen.sum(axis=0), clicks.sum(axis=0), clicks.sum(axis=1)
    worth: Floats = np.divide(got, stood, out=np.full(size, np.nan), where=stood > 0)
    if not got.sum():
        return worth
    found = np.nan_to_num(worth)
    for _ in range(FITTING):
        draw = np.divide(drawn, seen @ found, out=np.zeros(shape[0]), where=seen @ found > 0)
        found = np.divide(got, draw @ seen, out=np.zeros(size), where=draw @ seen > 0)
    scaled: Floats = np.where(stood > 0, found * got.sum() / (stood @ found), np.nan)
    return scaled


def spread_of(facts: Facts, bookable: int) -> Spread:
    """How what is shown is shared among the ads that could be."""
    shown = np.bincount(facts.placed_codes("ad")[facts.placed_kept]).astype(float)
    shown = np.sort(shown[shown > 0])
    n = max(bookable, len(shown))
    if not len(shown):
        return Spread(0, n, np.nan)
    ranks = np.arange(n - len(shown) + 1, n + 1)
    return Spread(len(shown), n, float(((2.0 * ranks - n - 1) * shown).sum() / (n * shown.sum())))


def speed_of(facts: Facts) -> Speed:
    """How long answers took."""
    took = facts.period.decided["latency_us"][facts.kept] / 1000
    if not len(took):
        return Speed(np.nan, np.nan, np.nan)
    p50, p95, p99 = np.quantile(took, (0.5, 0.95, 0.99))
    return Speed(float(p50), float(p95), float(p99))


def newcomers(facts: Facts, known: frozenset[str]) -> tuple[float, float]:
    """Of the decisions: the share for customers whom the model's data do not know, and for those without a name."""
    names = facts.period.names["customer"]
    cold = np.fromiter((bool(name) and name not in known for name in names), bool, len(names))
    nobody = np.fromiter((not name for name in names), bool, len(names))
    who = facts.period.decided["customer"][facts.kept]
    return (float(cold[who].mean()), float(nobody[who].mean())) if len(who) else (np.nan, np.nan)


def sums(
    facts: Facts,
    credited: pd.DataFrame,
    chosen: NDArray[np.bool_] | None = None,
    worth: Floats | None = None,
) -> Sums:
    """The figures of everything or of some ads in answers; `credited` are the conversions that count as theirs.

    What was shown, seen and clicked is without the shop's own ads, as long as there are others
    (`Facts.counted`). `worth` is what standing in each place is (`by_place`), where that is known already.
    """
    mine = facts.placed_kept if chosen is None else facts.placed_kept & chosen
    counted = facts.counted(mine)
    seen, clicked = facts.seen & counted, facts.clicked & facts.seen & counted
    of = facts.of[mine]
    places = facts.period.placed["position"]
    worth = by_place(facts) if worth is None else worth
    expected = worth[places[seen]].sum() if seen.any() else 0.0
    every = facts.seen & facts.counted(facts.placed_kept)
    overall = float((facts.clicked & every).sum() / max(every.sum(), 1))
    decided = np.unique(of)
    return Sums(
        decisions=int(facts.kept.sum()) if chosen is None else len(decided),
        shown=int(counted.sum()),
        seen=int(seen.sum()),
        clicks=int(clicked.sum()),
        conversions=len(credited),
        revenue=float(credited["value"].fillna(0).sum()),
        spend=float(facts.billed[mine].sum()),
        customers=len(np.unique(_people(facts)[of])),
        click_rate=click_rate(facts, chosen),
        corrected=float(overall * clicked.sum() / expected) if expected > 0 else np.nan,
    )


def by(facts: Facts, dimension: str, credited: pd.DataFrame, most: int) -> list[tuple[Slice, Sums]]:
    """The figures of each value of a dimension, those shown most first."""
    if dimension == "segment":
        parts = list(facts.slices(dimension, placed=True))
    else:
        codes = facts.placed_codes(dimension)
        names = facts.names(dimension)
        shown = np.bincount(codes[facts.placed_kept], minlength=len(names))
        best = [int(code) for code in np.argsort(-shown, kind="stable")[:most] if shown[code]]
        parts = [(Slice(dimension, names[code]), codes == code) for code in best]
    column = {"ad": "ad_id", "segment": "customer"}.get(dimension, dimension)
    found, worth = [], by_place(facts)
    for part, mask in parts:
        if dimension == "segment":
            mine = credited[credited[column].isin(facts.segments[part.value])]
        else:
            mine = credited[credited[column].astype("str") == part.value]
        found.append((part, sums(facts, mine, mask, worth)))
    return [(part, one) for part, one in found if one.shown]


def _people(facts: Facts) -> NDArray[np.int64]:
    """A code a customer, for each decision; who has no name is another one each time."""
    names = facts.period.names["customer"]
    codes = facts.period.decided["customer"].astype(np.int64)
    nobody = names.index("") if "" in names else -1
    return np.where(codes == nobody, len(names) + np.arange(len(codes)), codes)

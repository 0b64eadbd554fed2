"""Can this data train a recommender? A list of what it takes, each point with its threshold."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from reco_lab.analysis.histories import per_customer
from reco_lab.analysis.periods import as_date
from reco_lab.analysis.view import View
from reco_lab.core.words import day

CUT = 0.8


class State(StrEnum):
    """How a point stands."""

    good = "good"
    thin = "thin"
    lacking = "lacking"


@dataclass(frozen=True)
class Point:
    """One thing a recommender needs: what it is, how it stands, what was found, what is asked, and why it matters."""

    label: str
    state: State
    found: str
    asked: str
    why: str
    needed: bool = True


@dataclass(frozen=True)
class Readiness:
    """The points, and the answer in a sentence."""

    points: tuple[Point, ...]

    @property
    def state(self) -> State:
        """The worst state of a point that is needed."""
        states = {point.state for point in self.points if point.needed}
        return next((state for state in (State.lacking, State.thin) if state in states), State.good)

    @property
    def sentence(self) -> str:
        """Yes, yes with care, or not yet, and what that rests on."""
        weak = [
            point.label.lower() for point in self.points if point.state is not State.good and point.needed
        ]
        good = sum(point.state is State.good for point in self.points)
        rest = f"{good} of {len(self.points)} points are good"
        if self.state is State.good:
            return f"Yes, this data can train a recommender: {rest}"
        lead = "Yes, with care" if self.state is State.thin else "Not yet"
        return f"{lead}: {rest}; look at {', '.join(weak)}"


def readiness(view: View) -> Readiness:
    """Hold the data against each threshold."""
    return Readiness((*_amount(view), *_depth(view), *_time(view), *_content(view)))


def _amount(view: View) -> list[Point]:
    owners = per_customer(view)
    items = int((view.per_item > 0).sum())
    return [
        _counted("Interactions", len(view.log), 1_000, 10_000, "Fewer than that teach chance, not taste."),
        _counted(
            "Customers", owners.owners, 50, 500, "Differences between recommenders are judged over customers."
        ),
        _counted("Items", items, 10, 50, "With a handful of items there is little to choose from."),
        _rated(
            "No single customer dominates",
            1 - owners.largest,
            (0.9, 0.98),
            f"the largest has {owners.largest:.1%} of all rows",
            "2% or less is good, 10% the most",
            "One customer with much of the log is often a robot or a till.",
        ),
    ]


def _depth(view: View) -> list[Point]:
    again = float((view.per_customer >= 2).mean())
    audience = view.audience
    carried = float(view.per_item[audience >= 5].sum() / len(view.log))
    return [
        _rated(
            "Customers with a history",
            again,
            (0.1, 0.5),
            f"{again:.0%} have two interactions or more",
            "50% or more is good, 10% the least",
            "Whoever came once gives nothing to learn from and nothing to test on.",
        ),
        _rated(
            "Items with an audience",
            carried,
            (0.5, 0.8),
            f"{carried:.0%} of interactions are on items of five customers or more",
            "80% or more is good, 50% the least",
            "Taste is learnt from items that several customers share.",
        ),
    ]


def _time(view: View) -> list[Point]:
    if view.span is None or view.debut is None:
        why = "Without times a test cannot be later than what was learnt: results look better than they are."
        return [Point("Times", State.lacking, "no times", "a time for each row", why, needed=False)]
    span = view.span[1] - view.span[0] + 1
    cut, warm, cold = _forward(view)
    return [
        _counted(
            "Days covered", span, 14, 60, "A test in the future needs a past and a future.", needed=False
        ),
        _counted(
            "Customers to test on",
            warm,
            50,
            500,
            f"They were there both before and in the last fifth of the log (from {day(as_date(cut))}).",
        ),
        _rated(
            "Known items",
            1 - cold,
            (0.5, 0.85),
            f"{cold:.0%} of the last fifth is on items nobody had touched before",
            "15% or less is good, 50% the most",
            "New items can only be recommended by what is known about them, not by who took them.",
            needed=False,
        ),
    ]


def _forward(view: View) -> tuple[int, int, float]:
    """The day that leaves a fifth of the rows after it, the customers on both sides of it, the share on new items."""
    days = view.tables.ask("select day, count(*) as rows from log group by day order by day")
    place = int(np.searchsorted(days["rows"].cumsum(), CUT * len(view.log)))
    cut = int(days["day"].iloc[min(place + 1, len(days) - 1)])
    starts = view.log.user_starts
    came = np.diff(starts) > 0
    first, last = view.dated[starts[:-1][came]], view.dated[starts[1:][came] - 1]
    items = view.tables.ask(
        "select min(day) as first, count(*) filter (day >= ?) as later from log group by item", cut
    )
    later = int(items["later"].sum())
    fresh = int(items["later"][items["first"] >= cut].sum())
    return cut, int(((first < cut) & (last >= cut)).sum()), fresh / max(1, later)


def _content(view: View) -> list[Point]:
    table = view.data.items
    known = 0.0 if table is None or "title" not in table else float(table["title"].notna().mean())
    grouped = view.categories
    placed = 0.0 if grouped is None else grouped["item"].nunique() / view.log.n_items
    why = "With them new items can be recommended, and lists can be read."
    return [
        _rated(
            "Titles of items",
            known,
            (0.5, 0.9),
            f"{known:.0%} have one",
            "90% or more is good, 50% the least",
            why,
            needed=False,
        ),
        _rated(
            "Categories of items",
            placed,
            (0.5, 0.9),
            f"{placed:.0%} have one",
            "90% or more is good, 50% the least",
            why,
            needed=False,
        ),
    ]


def _counted(label: str, found: int, least: int, good: int, why: str, *, needed: bool = True) -> Point:
    return Point(
        label,
        _state(found, (least, good)),
        f"{found:,}",
        f"{good:,} or more is good, {least:,} the least",
        why,
        needed,
    )


def _rated(
    label: str,
    value: float,
    limits: tuple[float, float],
    found: str,
    asked: str,
    why: str,
    *,
    needed: bool = True,
) -> Point:
    return Point(label, _state(value, limits), found, asked, why, needed)


def _state(value: float, limits: tuple[float, float]) -> State:
    least, good = limits
    return State.good if value >= good else State.thin if value >= least else State.lacking

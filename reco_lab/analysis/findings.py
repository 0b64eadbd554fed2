"""What stands out in a data set, in sentences: each with its number, the most telling first."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from reco_lab.analysis.activity import Activity
from reco_lab.analysis.baskets import Baskets
from reco_lab.analysis.category_mix import CategoryMix
from reco_lab.analysis.cohorts import Cohorts
from reco_lab.analysis.funnel import Funnel
from reco_lab.analysis.histories import Histories
from reco_lab.analysis.hours import Hours
from reco_lab.analysis.long_tail import LongTail
from reco_lab.analysis.prices import PriceBands
from reco_lab.analysis.profile import Profile
from reco_lab.analysis.repeats import Repeats
from reco_lab.analysis.scope import Scope
from reco_lab.analysis.top_items import TopItems
from reco_lab.core.words import count

AGES = {"day": "day", "week": "week", "month": "month", "quarter": "quarter"}


@dataclass(frozen=True)
class Finding:
    """A sentence with its number; `weight` (0 to 1) ranks it, `section` says where its chart is."""

    number: str
    sentence: str
    section: str
    weight: float


@dataclass(frozen=True, eq=False)
class Parts:
    """All that was found in one view; a part is None where the data has nothing to show for it."""

    profile: Profile
    scope: Scope = field(default_factory=Scope)
    activity: Activity | None = None
    long_tail: LongTail | None = None
    customers: Histories | None = None
    items: Histories | None = None
    repeats: Repeats | None = None
    cohorts: Cohorts | None = None
    hours: Hours | None = None
    top_items: TopItems | None = None
    baskets: Baskets | None = None
    funnel: Funnel | None = None
    prices: PriceBands | None = None
    categories: CategoryMix | None = None
    missing: pd.DataFrame = field(default_factory=pd.DataFrame)


def findings(parts: Parts) -> tuple[Finding, ...]:
    """Everything worth saying, the most telling first."""
    said = (
        *_over_time(parts),
        *_items(parts),
        *_customers(parts),
        *_together(parts),
        *_steps(parts),
        *_offer(parts),
        *_gaps(parts),
    )
    return tuple(sorted(said, key=lambda finding: -finding.weight))


def _over_time(parts: Parts) -> Iterator[Finding]:
    if parts.activity is not None and parts.activity.series["unusual"].any():
        yield _unusual(parts.activity)
    recent = parts.activity.recent if parts.activity is not None else None
    if recent is not None and recent.sure:
        yield Finding(
            f"{recent.now / recent.before - 1:+.0%}",
            f"interactions a day in the last four weeks: {recent.now:,.0f}, after {recent.before:,.0f} in the four weeks before.",
            "Activity",
            0.75,
        )
    if parts.hours is not None and parts.hours.sure:
        weekday, hour = parts.hours.peak
        yield Finding(
            f"{weekday} {hour}:00",
            f"is the busiest hour of the week (UTC), {parts.hours.times:.1f} times an average one.",
            "Activity",
            min(0.45, 0.12 * parts.hours.times),
        )


def _unusual(found: Activity) -> Finding:
    odd = found.series[found.series["unusual"]]
    far = (np.sqrt(odd["rows"]) - np.sqrt(odd["expected"])).abs()
    worst = odd.iloc[int(far.to_numpy().argmax())]
    many = f"{len(odd)} unusual {found.unit}{'' if len(odd) == 1 else 's'}"
    lead = "the clearest is" if len(odd) > 1 else "it is"
    day = f"{worst['start']:%d %b %Y}".lstrip("0")
    return Finding(
        many,
        f"of {found.judged} looked at; {lead} {day} with {worst['rows']:,} interactions where "
        f"about {worst['expected']:,.0f} were expected.",
        "Activity",
        0.8,
    )


def _items(parts: Parts) -> Iterator[Finding]:
    tail = parts.long_tail
    if tail is not None and tail.items >= 10:
        yield Finding(
            f"{tail.top_share:.0%}",
            f"of the interactions are on the most popular fifth of the items ({tail.top:,} of {tail.items:,}).",
            "Items",
            0.35 + 0.5 * max(0.0, tail.top_share - 0.2),
        )
        if tail.never and not parts.scope:
            share = tail.never / (tail.never + tail.items)
            yield Finding(
                f"{share:.0%}",
                f"of the catalogue was never touched ({tail.never:,} of {tail.never + tail.items:,} items).",
                "Items",
                0.3 + 0.5 * share,
            )
    if parts.top_items is not None and len(parts.top_items.movers):
        yield _mover(parts.top_items)
    profile = parts.profile
    one_in = 1 / profile.density
    yield Finding(
        f"1 in {one_in:,.0f}" if one_in >= 1.5 else f"{profile.density:.0%}",
        "of all pairs of a customer and an item has happened; the others are what a recommender is asked about.",
        "Items",
        0.3,
    )


def _mover(found: TopItems) -> Finding:
    first = found.movers.iloc[0]
    proof = f"more than chance gives, with all {found.tested:,} items looked at."
    if not first["before"]:  # a rise from nothing has no percentage
        return Finding(
            f"{first['now']:,}",
            f"customers came to “{first['title']}” in the last {found.window} days, nobody in the {found.window} days "
            f"before: {proof}",
            "Items",
            0.6,
        )
    return Finding(
        f"{first['change']:+.0%}",
        f"is how “{first['title']}” {'rose' if first['change'] > 0 else 'fell'} in the last {found.window} days beside "
        f"all other items ({first['before']:,} customers before, {first['now']:,} now): {proof}",
        "Items",
        0.6,
    )


def _customers(parts: Parts) -> Iterator[Finding]:
    histories = parts.customers
    if histories is not None:
        if histories.largest > 0.05 and histories.owners > 20:
            yield Finding(
                f"{histories.largest:.0%}",
                "of all interactions come from one customer, who may be a robot or a till.",
                "Customers",
                0.95,
            )
        once = histories.once / histories.owners
        yield Finding(
            f"{once:.0%}" if once >= 0.1 else f"{histories.median:,.0f}",
            f"of the customers were seen once only ({histories.once:,} of {histories.owners:,})."
            if once >= 0.1
            else f"interactions is what the typical customer has (the median); the mean is {histories.mean:,.1f}.",
            "Customers",
            0.3 + 0.5 * once,
        )
    yield from _loyalty(parts)


def _loyalty(parts: Parts) -> Iterator[Finding]:
    found = parts.repeats
    if found is not None and found.returning is not None and not _one_day(parts):
        share = found.returning / found.customers
        after = "" if found.gap is None else f", {found.gap:,.0f} days after the last visit (median)"
        yield Finding(f"{share:.0%}", f"of the customers came back on another day{after}.", "Customers", 0.5)
    if found is not None and found.purchases and found.rows:
        again = found.again / found.rows
        yield Finding(
            f"{again:.0%}",
            f"of {count(found.rows, 'purchase')} repeat an item that the customer had bought before.",
            "Customers",
            0.35 + 0.3 * again,
        )
    cohorts = parts.cohorts
    if cohorts is not None and len(cohorts.pooled):
        first = cohorts.pooled.iloc[0]
        unit = AGES[cohorts.unit]
        later = (
            f"the {unit} after they first came" if first["age"] == 1 else f"{first['age']:.0f} {unit}s later"
        )
        yield Finding(
            f"{first['share']:.0%}",
            f"of the customers are still active in {later} ({first['low']:.0%} to {first['high']:.0%}, "
            f"{first['customers']:,.0f} customers).",
            "Customers",
            0.55,
        )


def _one_day(parts: Parts) -> bool:
    return parts.profile.first is not None and parts.profile.first == parts.profile.last


def _together(parts: Parts) -> Iterator[Finding]:
    found = parts.baskets
    if found is None or not len(found.pairs):
        return
    best = found.pairs.iloc[0]
    word = "baskets" if found.purchases else "customers' days"
    yield Finding(
        f"×{best['times']:.1f}",
        f"as often as by chance, “{best['first_title']}” and “{best['second_title']}” share {word} "
        f"({best['baskets']:,} of them, {best['customers']:,} customers; ×{best['low']:.1f} at least).",
        "Baskets",
        0.65,
    )


def _steps(parts: Parts) -> Iterator[Finding]:
    if parts.funnel is None:
        return
    steps = parts.funnel.steps
    first, last = steps.iloc[0], steps.iloc[-1]
    looked = "" if parts.funnel.share == 1 else f", among {parts.funnel.share:.0%} of the customers"
    yield Finding(
        f"{last['of_first']:.1%}",
        f"of what customers {_did(str(first['step']))} they {_did(str(last['step']))} later ({last['pairs']:,} of "
        f"{first['pairs']:,} pairs of customer and item{looked}).",
        "Funnel",
        0.6,
    )


def _did(step: str) -> str:
    return {"view": "look at", "click": "click on", "cart": "put into the cart", "purchase": "buy"}.get(
        step, step
    )


def _offer(parts: Parts) -> Iterator[Finding]:
    if parts.prices is not None:
        bands = parts.prices.bands
        ratio = bands["share"] / bands["item_share"]
        band = bands.iloc[int(ratio.to_numpy().argmax())]
        yield Finding(
            f"{band['share']:.0%}",
            f"of the interactions{_with(parts.prices.priced, 'a price')} go to items from {band['low']:,.2f} to "
            f"{band['high']:,.2f}, which are {band['item_share']:.0%} of the items with a price.",
            "Catalogue",
            min(0.6, 0.25 + 0.2 * abs(float(ratio.max()) - 1)),
        )
    if parts.categories is not None and len(parts.categories.mix) and not parts.scope.categories:
        first = parts.categories.mix.iloc[0]
        yield Finding(
            f"{first['share']:.0%}",
            f"of the interactions{_with(1 - parts.categories.unknown, 'a category')} are in “{first['category']}”, "
            f"which has {first['item_share']:.0%} of {'the items' if parts.categories.unknown == 0 else 'these items'}.",
            "Catalogue",
            min(0.6, 0.3 + 0.2 * abs(float(first["index"]) - 1)),
        )


def _with(share: float, what: str) -> str:
    """Of which interactions a share is, where not all have it."""
    return "" if share == 1 else f" with items that have {what}"


def _gaps(parts: Parts) -> Iterator[Finding]:
    gaps = parts.missing
    if not parts.scope and len(gaps) and gaps["share"].iloc[0] >= 0.05:
        first = gaps.iloc[0]
        yield Finding(
            f"{first['share']:.0%}",
            f"of the {first['table']} have no “{first['column']}” ({first['missing']:,} of "
            f"{first['missing'] + first['known']:,}).",
            "Gaps",
            0.3 + 0.5 * float(first["share"]),
        )

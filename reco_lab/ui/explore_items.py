"""What happens to items, as charts: which are taken, together, after a look, at what price."""

import numpy as np
import pandas as pd

from reco_lab.charts.bars import bars, columns
from reco_lab.charts.curve import curve
from reco_lab.charts.theme import Palette
from reco_lab.services.explore import Parts
from reco_lab.ui.explore_shown import NO_TIMES, WORDS, Shown, as_change, as_percent
from reco_lab.ui.words import count

MOST_CATEGORIES = 15
TINY = 0.001
DID = {"view": "look at", "click": "click", "cart": "put into the cart", "purchase": "buy"}


def top_items(parts: Parts, colours: Palette) -> Shown | str:
    """The items of most customers, with their movement."""
    found = parts.top_items
    if found is None or not len(found.top):
        return ""
    top, first = found.top, found.top.iloc[0]
    texts = [
        f"{share:.0%}{_moved(change, sure=sure)}"
        for share, change, sure in zip(top["share"], top["change"], top["sure"], strict=True)
    ]
    if not found.window:
        note = "The log is too short to say what rises and falls."
    elif top["sure"].any():
        note = (
            f"Arrows: the share of customers in the last {found.window} days against the {found.window} before, "
            f"only where chance would not do that ({found.tested:,} items tested)."
        )
    else:
        note = ""
    return Shown(
        finding=f"{first['title']} has the most customers: {first['customers']:,}, {first['share']:.0%} of all",
        figure=bars(
            pd.DataFrame({"name": top["title"], "value": top["customers"], "text": texts}), palette=colours
        ),
        table=_items_table(top),
        key="top-items",
        note=note,
    )


def movers(parts: Parts, colours: Palette) -> Shown | str:
    """The items that surely rise or fall."""
    found = parts.top_items
    if found is None or not found.window:
        return ""
    if not len(found.movers):
        return (
            f"No item clearly rose or fell in the last {found.window} days ({found.tested:,} items tested)."
        )
    rows = found.movers
    drawn = pd.DataFrame(
        {
            "name": rows["title"],
            "value": rows["now"],
            "mark": rows["before"],
            "text": [as_change(change) for change in rows["change"]],
        }
    )
    return Shown(
        finding=f"In the last {found.window} days {count(found.rose, 'item')} clearly rose and {found.fell:,} fell",
        figure=bars(drawn, palette=colours, axis="customers now", against=f"the {found.window} days before"),
        table=_items_table(rows),
        key="movers",
        note="The change is that of the item's share of all customers' choices, so a busier shop alone moves nothing.",
    )


def long_tail(parts: Parts, colours: Palette) -> Shown | str:
    """How few items take how much."""
    found = parts.long_tail
    if found is None:
        return ""
    return Shown(
        finding=f"The most popular fifth of the items takes {found.top_share:.0%}; {found.for_most:,} of {found.items:,} items carry 80%",
        figure=curve(found.curve, marked=0.2, palette=colours),
        table=as_percent(found.curve, ["items", "rows"]).rename(
            columns={"items": "Items (%)", "rows": "Interactions (%)"}
        ),
        key="long-tail",
        explained=(
            f"Gini coefficient {found.gini:.2f} of the items that anybody chose: 0 where all are alike, near 1 where one "
            "takes all."
        ),
    )


def audiences(parts: Parts, colours: Palette) -> Shown | str:
    """Interactions per item."""
    found, tail = parts.items, parts.long_tail
    if found is None:
        return ""
    few = f"; {tail.few:,} of {tail.items:,} items have fewer than five" if tail is not None else ""
    return Shown(
        finding=f"The typical item has {count(found.median, 'interaction')}{few}",
        figure=columns(
            found.bins.rename(columns={"owners": "value"}), axis="interactions per item", palette=colours
        ),
        table=found.bins.rename(columns={"label": "Interactions", "owners": "Items"}),
        key="audiences",
    )


def pairs(parts: Parts, colours: Palette) -> Shown | str:
    """What goes together beyond chance."""
    found = parts.baskets
    if found is None:
        return NO_TIMES
    if not len(found.pairs):
        return f"No two items clearly go together more often than by chance ({found.tested:,} pairs tested in {found.baskets:,} baskets)."
    rows, best = found.pairs, found.pairs.iloc[0]
    drawn = pd.DataFrame(
        {
            "name": rows["first_title"],
            "under": rows["second_title"],
            "value": rows["times"],
            "mark": rows["low"],
            "text": [f"{number:,} baskets" for number in rows["baskets"]],
        }
    )
    names = {
        "first_title": "Item",
        "second_title": "With",
        "baskets": "Baskets",
        "customers": "Customers",
        "times": "Times chance",
        "low": "At least",
        "lift": "Lift",
    }
    return Shown(
        finding=f"{best['first_title']} and {best['second_title']} go together {best['times']:.1f} times as often as by chance",
        figure=bars(drawn, palette=colours, form=".1f", axis="times chance", against="at least", room=0.5),
        table=rows[list(names)].round(2).rename(columns=names),
        key="pairs",
        note=f"{_basket_words(parts)} {found.tested:,} pairs were tested; only pairs of 10 customers or more that clearly go together are shown.",
        explained=(
            "How often both are in one basket, against what would happen if baskets as full as these were filled item by "
            "item at random. The tick is the lower limit, corrected for all pairs tested and for customers who repeat "
            "themselves. The lift of the textbooks, in the table, takes all baskets for equally full."
        ),
    )


def sizes(parts: Parts, colours: Palette) -> Shown | str:
    """How large baskets are."""
    found = parts.baskets
    if found is None:
        return ""
    return Shown(
        finding=f"A basket has {found.mean:,.1f} different items on average; {found.single / found.baskets:.0%} have one only",
        figure=columns(
            found.sizes.rename(columns={"baskets": "value"}),
            axis="different items per basket",
            palette=colours,
        ),
        table=found.sizes.rename(columns={"label": "Items", "baskets": "Baskets"}),
        key="sizes",
        note=_basket_words(parts),
    )


def funnel(parts: Parts, colours: Palette) -> Shown | str:
    """From a look to a purchase."""
    found = parts.funnel
    if found is None:
        return "There is no funnel: it needs two kinds of steps (view, click, cart, purchase), and this part of the data has fewer."
    steps, last = found.steps, found.steps.iloc[-1]
    lost = steps.iloc[1 + int(steps["of_previous"].iloc[1:].fillna(1).to_numpy().argmin())]
    texts = [
        f"{pairs:,}" if np.isnan(share) else f"{pairs:,} · {share:.1%} ({low:.1%} to {high:.1%})"
        for pairs, share, low, high in zip(
            steps["pairs"], steps["of_previous"], steps["low"], steps["high"], strict=True
        )
    ]
    drawn = pd.DataFrame(
        {"name": [step.capitalize() for step in steps["step"]], "value": steps["pairs"], "text": texts}
    )
    names = {
        "step": "Step",
        "pairs": "Pairs",
        "customers": "Customers",
        "of_first": "Of the first (%)",
        "of_previous": "Of the step before (%)",
        "low": "Low (%)",
        "high": "High (%)",
    }
    looked = "" if found.share == 1 else f" Measured on {found.share:.0%} of the customers, chosen at random."
    return Shown(
        finding=f"{last['of_first']:.1%} of what customers {DID[steps['step'].iloc[0]]} they {DID[last['step']]} later; most is lost before the {lost['step']}",
        figure=bars(drawn, palette=colours, room=0.7),
        table=as_percent(steps, ["of_first", "of_previous", "low", "high"]).rename(columns=names),
        key="funnel",
        note=f"Counted are pairs of a customer and an item, in the order of time. {found.unseen:.0%} of the {last['step']}s skipped an earlier step.{looked}",
    )


def categories(parts: Parts, colours: Palette) -> Shown | str:
    """What the categories take, beside what they offer."""
    found = parts.categories
    if found is None or not len(found.mix):
        return "The items have no categories (a column called category, genre or department)."
    mix, first = found.mix.head(MOST_CATEGORIES), found.mix.iloc[0]
    more = len(found.mix) - len(mix)
    drawn = pd.DataFrame(
        {
            "name": mix["category"],
            "value": mix["share"],
            "mark": mix["item_share"],
            "text": [f"{share:.0%}" for share in mix["share"]],
        }
    )
    chosen = parts.scope.categories
    lead = (
        f"Only {', '.join(chosen)} is shown"
        if chosen
        else f"{first['category']} takes {first['share']:.0%} of the interactions with {first['item_share']:.0%} of the items"
    )
    click = (
        "Click a bar again to take it out of the filter."
        if chosen
        else "Click a bar to see only that category."
    )
    without = (
        f" {found.unknown:.0%} of the interactions are with items that have no category."
        if found.unknown
        else ""
    )
    several = " An item may be in several, so the shares add up to more than 100%." if found.several else ""
    return Shown(
        finding=lead,
        figure=bars(
            drawn,
            palette=colours,
            form=".0%",
            axis="share of interactions",
            against="share of items",
            click=True,
        ),
        table=as_percent(found.mix, ["share", "item_share"]).round({"index": 2}).rename(columns=WORDS),
        key="categories",
        note=f"{click}{f' {more:,} more are in the table.' if more else ''}{several}{without}",
        marks="category",
        names=list(mix["category"]),
    )


def prices(parts: Parts, colours: Palette) -> Shown | str:
    """Which prices are chosen."""
    found = parts.prices
    if found is None:
        return "There are too few prices to cut into bands (a column called price)."
    bands = found.bands
    names = [f"{low:,.2f} – {high:,.2f}" for low, high in zip(bands["low"], bands["high"], strict=True)]
    drawn = pd.DataFrame(
        {
            "name": names,
            "value": bands["share"],
            "mark": bands["item_share"],
            "text": [f"{share:.0%}" for share in bands["share"]],
        }
    )
    cheapest = bands.iloc[0]
    return Shown(
        finding=f"The cheapest {cheapest['item_share']:.0%} of the items take {cheapest['share']:.0%}; half of all interactions cost {found.median:,.2f} or less",
        figure=bars(
            drawn, palette=colours, form=".0%", axis="share of interactions", against="share of items"
        ),
        table=as_percent(bands, ["share", "item_share"]).rename(columns=WORDS),
        key="prices",
        note=f"{found.priced:.0%} of the interactions are with an item whose price is known.",
    )


def missing(parts: Parts, colours: Palette) -> Shown | str:
    """What is not known of customers and items."""
    gaps = parts.missing
    if not len(gaps):
        return "There are no tables of customers or items, so nothing but the interactions is known."
    worst, number = gaps.iloc[0], int((gaps["missing"] > 0).sum())
    some = gaps[gaps["missing"] > 0].head(MOST_CATEGORIES)
    if not len(some):
        return f"Nothing is missing: all {len(gaps)} columns of the tables of customers and items are filled."
    drawn = pd.DataFrame(
        {
            "name": [
                f"{column} ({table})" for table, column in zip(some["table"], some["column"], strict=True)
            ],
            "value": some["share"],
            "text": [f"{share:.1%}" if share >= TINY else "under 0.1%" for share in some["share"]],
        }
    )
    return Shown(
        finding=f"{number} of {count(len(gaps), 'column')} {'has' if number == 1 else 'have'} gaps; the largest is {worst['column']} of the {worst['table']}, {worst['share']:.0%}",
        figure=bars(drawn, palette=colours, form=".0%"),
        table=as_percent(gaps, ["share"]).rename(columns=WORDS),
        key="missing",
    )


def _items_table(rows: pd.DataFrame) -> pd.DataFrame:
    names = {
        "title": "Item",
        "customers": "Customers",
        "share": "Share (%)",
        "before": "Before",
        "now": "Now",
        "change": "Change (%)",
        "sure": "Sure",
    }
    return as_percent(rows, ["share", "change"])[list(names)].rename(columns=names)


def _moved(change: float, *, sure: bool) -> str:
    return f" {'▲' if change > 0 else '▼'} {as_change(change)}" if sure else ""


def _basket_words(parts: Parts) -> str:
    found = parts.baskets
    if found is None:
        return ""
    what = "bought" if found.purchases else "touched"
    looked = "" if found.share == 1 else f" Measured on {found.share:.0%} of the customers, chosen at random."
    large = f" {found.oversized:,} larger than 50 items are left out." if found.oversized else ""
    return f"A basket is what one customer {what} on one day (UTC): {found.baskets:,} of them.{large}{looked}"

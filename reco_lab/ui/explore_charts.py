"""What was found, as charts: each with the sentence it proves and its numbers, or the reason why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reco_lab.charts import activity as over_time
from reco_lab.charts.bars import bars, columns
from reco_lab.charts.curve import curve
from reco_lab.charts.heat import heat
from reco_lab.charts.theme import Palette
from reco_lab.services.explore import Parts

MOST_CATEGORIES = 15
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NO_TIMES = "This data set has no times, so nothing can be said about when things happened."


@dataclass(frozen=True, eq=False)
class Shown:
    """A chart with its finding, its numbers and a note; `marks` says what marking it filters by, `names` what it marks."""

    finding: str
    figure: go.Figure
    table: pd.DataFrame
    key: str
    note: str = ""
    explained: str = ""
    marks: str = ""
    names: Sequence[str] = ()
    ends: Sequence[date] = ()


def activity(parts: Parts, colours: Palette) -> Shown | str:
    """Interactions by time, with what stands out."""
    found = parts.activity
    if found is None:
        return NO_TIMES
    series = found.series
    odd = int(series["unusual"].sum())
    top = series.loc[series["rows"].idxmax()]
    lead = (
        f"{odd} of {found.judged} {found.unit}s stand out from their neighbours"
        if odd
        else "No period stands out"
    )
    if not found.judged:
        lead = f"{parts.profile.rows:,} interactions in {len(series):,} {found.unit}s"
    ends = [following - pd.Timedelta(days=1) for following in series["start"].iloc[1:]]
    last = parts.profile.last or series["start"].iloc[-1]
    table = series[["start", "rows", "expected", "unusual"]].rename(
        columns=_WORDS | {"start": found.unit.capitalize()}
    )
    return Shown(
        finding=f"{lead}; the busiest is {_day(top['start'])} with {top['rows']:,}",
        figure=over_time.activity(series, colours),
        table=table,
        key="activity",
        note="Mark a span on the chart, or click a point, to see only that time.",
        explained=(
            "Expected is the median of the four same weekdays before and after (of the neighbouring weeks or months "
            "on a long log). A period stands out if chance would not do that once in 20 logs like this one, and it "
            "is off by a quarter at least."
        ),
        marks="days",
        ends=[*ends, last],
    )


def hours(parts: Parts, colours: Palette) -> Shown | str:
    """Hour by weekday."""
    found = parts.hours
    if found is None:
        return "The times have no hours, or span less than a week: there is no weekly rhythm to show."
    weekday, hour = found.peak
    evening = found.rows.sum(axis=0)
    best = int(evening.argmax())
    labels = [f"{at}:00" for at in range(24)]
    return Shown(
        finding=f"{weekday} {hour}:00 is the busiest hour; over all days it is {best}:00 to {best + 1}:00 (UTC)",
        figure=heat(found.rows, rows=list(WEEKDAYS), columns=labels, form=",", palette=colours),
        table=pd.DataFrame(found.rows, columns=labels).assign(Weekday=WEEKDAYS)[["Weekday", *labels]],
        key="hours",
    )


def newcomers(parts: Parts, colours: Palette) -> Shown | str:
    """New against returning customers."""
    found = parts.cohorts
    if found is None:
        return "The log is too short (or has no times) to tell new customers from returning ones."
    rows = found.periods
    later = rows.iloc[1:] if len(rows) > 1 else rows
    share = later["new"].sum() / max(1, (later["new"] + later["returning"]).sum())
    table = rows.rename(
        columns={"start": found.unit.capitalize(), "new": "New", "returning": "Returning", "whole": "Whole"}
    )
    return Shown(
        finding=f"After the first {found.unit}, {share:.0%} of the active customers were new on average",
        figure=over_time.newcomers(rows, colours),
        table=table,
        key="newcomers",
        note=f"In the first {found.unit} of a log everybody is new, because it does not know what was before.",
    )


def retention(parts: Parts, colours: Palette) -> Shown | str:
    """How many are still active by age, all cohorts together."""
    found = parts.cohorts
    if found is None or not len(found.pooled):
        return "There are too few customers with enough time after their first visit to follow them."
    pooled = found.pooled
    first, last = pooled.iloc[0], pooled.iloc[-1]
    return Shown(
        finding=(
            f"{first['share']:.0%} are active {first['age']:.0f} {found.unit} after they first came, "
            f"{last['share']:.0%} after {last['age']:.0f}"
        ),
        figure=over_time.retention(pooled, unit=found.unit, palette=colours),
        table=_percent(pooled, ["share", "low", "high"]).rename(
            columns=_WORDS | {"age": f"{found.unit.capitalize()}s later"}
        ),
        key="retention",
        note="The band is the 95 % interval. Only periods that are over count.",
    )


def cohorts(parts: Parts, colours: Palette) -> Shown | str:
    """Retention by cohort."""
    found = parts.cohorts
    ages = [] if found is None else [name for name in found.retention.columns if isinstance(name, int)]
    if found is None or not ages:
        return "No cohort has 20 customers and a later period that is over."
    rows = found.retention[found.retention[ages].notna().any(axis=1)]
    best = rows.loc[rows[ages[0]].idxmax()] if rows[ages[0]].notna().any() else rows.iloc[0]
    labels = [
        f"{_month(start, found.unit)} ({size:,})"
        for start, size in zip(rows["start"], rows["customers"], strict=True)
    ]
    return Shown(
        finding=f"Of those who came first in {_month(best['start'], found.unit)}, most came again: {best[ages[0]]:.0%} a {found.unit} later",
        figure=heat(
            rows[ages].to_numpy(np.float64),
            rows=labels,
            columns=[str(age) for age in ages],
            form=".0%",
            palette=colours,
            written=len(ages) <= 14,
            axis=f"{found.unit}s after the first",
        ),
        table=_percent(rows, ages).rename(
            columns={"start": "First came", "customers": "Customers"} | {age: f"+{age}" for age in ages}
        ),
        key="cohorts",
        note="In brackets: customers of the cohort. Blank: not over yet, or fewer than 20 customers.",
    )


def histories(parts: Parts, colours: Palette) -> Shown | str:
    """Interactions per customer."""
    found = parts.customers
    if found is None:
        return ""
    return Shown(
        finding=f"A customer has {found.median:,.0f} interactions in the middle, {found.mean:,.1f} on average, {found.most:,} at most",
        figure=columns(
            found.bins.rename(columns={"owners": "value"}), axis="interactions per customer", palette=colours
        ),
        table=found.bins.rename(columns={"label": "Interactions", "owners": "Customers"}),
        key="histories",
    )


def audiences(parts: Parts, colours: Palette) -> Shown | str:
    """Interactions per item."""
    found, tail = parts.items, parts.long_tail
    if found is None:
        return ""
    few = f"; {tail.few:,} of {tail.items:,} items have fewer than five" if tail is not None else ""
    return Shown(
        finding=f"An item has {found.median:,.0f} interactions in the middle{few}",
        figure=columns(
            found.bins.rename(columns={"owners": "value"}), axis="interactions per item", palette=colours
        ),
        table=found.bins.rename(columns={"label": "Interactions", "owners": "Items"}),
        key="audiences",
    )


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
    note = (
        f"Arrows: the share of customers in the last {found.window} days against the {found.window} before, only where "
        f"chance would not do that ({found.tested:,} items tested)."
        if found.window
        else "The log is too short to say what rises and falls."
    )
    return Shown(
        finding=f"{first['title']} has most customers: {first['customers']:,}, {first['share']:.0%} of all",
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
        return f"No item surely rose or fell in the last {found.window} days ({found.tested:,} items tested)."
    rows = found.movers
    up, down = int((rows["change"] > 0).sum()), int((rows["change"] < 0).sum())
    drawn = pd.DataFrame(
        {
            "name": rows["title"],
            "value": rows["now"],
            "mark": rows["before"],
            "text": [_change(change) for change in rows["change"]],
        }
    )
    return Shown(
        finding=f"Of the items that moved most, {up} rose and {down} fell in the last {found.window} days",
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
        table=_percent(found.curve, ["items", "rows"]).rename(
            columns={"items": "Items (%)", "rows": "Interactions (%)"}
        ),
        key="long-tail",
        explained=f"Gini coefficient {found.gini:.2f}: 0 where all items are alike, near 1 where one takes all.",
    )


def pairs(parts: Parts, colours: Palette) -> Shown | str:
    """What goes together beyond chance."""
    found = parts.baskets
    if found is None:
        return NO_TIMES
    if not len(found.pairs):
        return f"No pair of items surely goes together beyond chance ({found.tested:,} pairs tested in {found.baskets:,} baskets)."
    rows, best = found.pairs, found.pairs.iloc[0]
    drawn = pd.DataFrame(
        {
            "name": [
                f"{one} + {other}"
                for one, other in zip(rows["first_title"], rows["second_title"], strict=True)
            ],
            "value": rows["lift"],
            "mark": rows["low"],
            "text": [f"{count:,} baskets" for count in rows["baskets"]],
        }
    )
    names = {
        "first_title": "Item",
        "second_title": "With",
        "baskets": "Baskets",
        "customers": "Customers",
        "lift": "Lift",
        "low": "At least",
    }
    return Shown(
        finding=f"{best['first_title']} and {best['second_title']} go together ×{best['lift']:.1f} as often as chance gives",
        figure=bars(drawn, palette=colours, form=".1f", axis="lift", against="at least"),
        table=rows[list(names)].round(2).rename(columns=names),
        key="pairs",
        note=f"{_basket_words(parts)} {found.tested:,} pairs were tested; only pairs of 10 customers or more whose lift is surely above 1 are shown.",
        explained="Lift: how often both are in one basket, against what would happen if baskets were filled item by item at random. The tick is its lower limit, corrected for all pairs tested and for customers who repeat themselves.",
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
    lost = steps.iloc[1:].loc[steps["of_previous"].iloc[1:].idxmin()]
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
        finding=f"{last['of_first']:.1%} of all {steps['step'].iloc[0]}s end in a {last['step']}; most are lost before the {lost['step']}",
        figure=bars(drawn, palette=colours, room=0.7),
        table=_percent(steps, ["of_first", "of_previous", "low", "high"]).rename(columns=names),
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
    several = " An item may be in several, so the shares add up to more than 100%." if found.several else ""
    return Shown(
        finding=f"{first['category']} takes {first['share']:.0%} of the interactions with {first['item_share']:.0%} of the items",
        figure=bars(
            drawn,
            palette=colours,
            form=".0%",
            axis="share of interactions",
            against="share of items",
            click=True,
        ),
        table=_percent(found.mix, ["share", "item_share"]).round({"index": 2}).rename(columns=_WORDS),
        key="categories",
        note=f"Click a bar to see only that category.{f' {more:,} more are in the table.' if more else ''}{several}",
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
        table=_percent(bands, ["share", "item_share"]).rename(columns=_WORDS),
        key="prices",
        note=f"{found.priced:.0%} of the interactions are with an item whose price is known.",
    )


def missing(parts: Parts, colours: Palette) -> Shown | str:
    """What is not known of customers and items."""
    gaps = parts.missing
    if not len(gaps):
        return "There are no tables of customers or items, so nothing but the interactions is known."
    worst = gaps.iloc[0]
    some = gaps[gaps["missing"] > 0].head(MOST_CATEGORIES)
    if not len(some):
        return f"Nothing is missing: all {len(gaps)} columns of the tables of customers and items are filled."
    drawn = pd.DataFrame(
        {
            "name": [
                f"{column} ({table})" for table, column in zip(some["table"], some["column"], strict=True)
            ],
            "value": some["share"],
            "text": [f"{share:.1%}" for share in some["share"]],
        }
    )
    return Shown(
        finding=f"{len(gaps[gaps['missing'] > 0])} of {len(gaps)} columns have gaps; the largest is {worst['column']} of the {worst['table']}, {worst['share']:.0%}",
        figure=bars(drawn, palette=colours, form=".0%"),
        table=_percent(gaps, ["share"]).rename(columns=_WORDS),
        key="missing",
    )


_WORDS = {
    "rows": "Interactions",
    "expected": "Expected",
    "unusual": "Unusual",
    "customers": "Customers",
    "active": "Still active",
    "share": "Share (%)",
    "low": "Low",
    "high": "High",
    "category": "Category",
    "items": "Items",
    "item_share": "Share of items (%)",
    "index": "Index",
    "table": "Table",
    "column": "Column",
    "known": "Known",
    "missing": "Missing",
    "distinct": "Different values",
}


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
    return _percent(rows, ["share", "change"])[list(names)].rename(columns=names)


def _percent(table: pd.DataFrame, names: Sequence[object]) -> pd.DataFrame:
    scaled = table.copy()
    for name in names:
        scaled[name] = (scaled[name] * 100).round(1)
    return scaled


def _moved(change: float, *, sure: bool) -> str:
    return f" {'▲' if change > 0 else '▼'} {_change(change)}" if sure else ""


def _change(change: float) -> str:
    return f"{change:+.0%}" if change < 9 else f"×{change + 1:.0f}"


def _basket_words(parts: Parts) -> str:
    found = parts.baskets
    if found is None:
        return ""
    what = "bought" if found.purchases else "touched"
    looked = "" if found.share == 1 else f" Measured on {found.share:.0%} of the customers, chosen at random."
    large = f" {found.oversized:,} larger than 50 items are left out." if found.oversized else ""
    return f"A basket is what one customer {what} on one day (UTC): {found.baskets:,} of them.{large}{looked}"


def _day(moment: date) -> str:
    return f"{moment:%d %b %Y}".lstrip("0")


def _month(moment: date, unit: str) -> str:
    if unit == "month":
        return f"{moment:%b %Y}"
    return f"Q{(moment.month + 2) // 3} {moment.year}" if unit == "quarter" else _day(moment)

"""What customers do over time, as charts: when they come, whether they come back."""

from datetime import date

import numpy as np
import pandas as pd

from reco_lab.analysis.cohorts import Cohorts
from reco_lab.charts import activity as over_time
from reco_lab.charts.bars import columns
from reco_lab.charts.heat import heat
from reco_lab.charts.theme import Palette
from reco_lab.core.words import count
from reco_lab.services.explore import Parts
from reco_lab.ui.explore_shown import NO_TIMES, WORDS, Shown, as_day, as_percent

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def activity(parts: Parts, colours: Palette) -> Shown | str:
    """Interactions by time, with what stands out."""
    found = parts.activity
    if found is None:
        return NO_TIMES
    series = found.series
    odd = int(series["unusual"].sum())
    top = series.iloc[int(series["rows"].to_numpy().argmax())]
    lead = (
        f"{odd} of {found.judged} {found.unit}s stand out from their neighbours"
        if odd
        else f"No {found.unit} stands out from its neighbours"
    )
    if not found.judged:
        lead = f"{count(parts.profile.rows, 'interaction')} in {count(len(series), found.unit)}"
    ends = [following - pd.Timedelta(days=1) for following in series["start"].iloc[1:]]
    last = parts.profile.last or series["start"].iloc[-1]
    table = series[["start", "rows", "expected", "unusual"]].rename(
        columns=WORDS | {"start": found.unit.capitalize()}
    )
    return Shown(
        finding=f"{lead}; the busiest is {as_day(top['start'])} with {top['rows']:,}",
        figure=over_time.activity(series, colours),
        table=table,
        key="activity",
        note="Select a span on the chart, or click a point, to see only that time.",
        explained=(
            "Expected is the median of the four same weekdays before and after (of the neighbouring weeks or months "
            "on a long log). A period stands out if chance would not do that once in 20 logs like this one, and it "
            "is off by a quarter at least; where a few customers make very large orders, it happens more often."
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
    said = f"{weekday} {hour}:00 is the busiest hour; over all days it is {best}:00 to {best + 1}:00 (UTC)"
    return Shown(
        finding=said if found.sure else "No hour of the week is busier than chance may make it",
        figure=heat(
            found.rows.astype(np.float64), rows=list(WEEKDAYS), columns=labels, form=",", palette=colours
        ),
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
    first = pooled.iloc[0]
    last = pooled[pooled["customers"] >= first["customers"] / 2].iloc[-1]
    lead = f"{first['share']:.0%} of new customers are active {first['age']:.0f} {found.unit} after they first came"
    return Shown(
        finding=lead
        if last["age"] == first["age"]
        else f"{lead}, {last['share']:.0%} after {last['age']:.0f}",
        figure=over_time.retention(pooled, unit=found.unit, palette=colours),
        table=as_percent(pooled, ["share", "low", "high"]).rename(
            columns=WORDS | {"age": f"{found.unit.capitalize()}s later"}
        ),
        key="retention",
        note=(
            "The band is the 95% interval. Only complete periods count, so later points rest on fewer and "
            f"older cohorts; those of the log's first {found.unit} are left out, who may have come before it."
        ),
    )


def _came_back(found: Cohorts, age: int) -> str:
    """Which cohort came back most where that is sure, else how many of all do."""
    best, pooled = found.best(age), found.pooled[found.pooled["age"] == age]
    later = f"a {found.unit} later" if age == 1 else f"{age} {found.unit}s later"
    if best is not None:
        return (
            f"Customers who first came in {_month(best['start'], found.unit)} came back most often: "
            f"{best[age]:.0%} {later}"
        )
    if not len(pooled):
        return f"How many came back {later}, by when they first came"
    return f"{pooled['share'].iloc[0]:.0%} came back {later}; no cohort surely more often than the others"


def cohorts(parts: Parts, colours: Palette) -> Shown | str:
    """Retention by cohort."""
    found = parts.cohorts
    ages = [] if found is None else list(found.retention.columns[2:])
    if found is None or not ages:
        return "No cohort has 20 customers and a later period that is over."
    rows = found.retention[found.retention[ages].notna().any(axis=1)]
    labels = [
        f"{_month(start, found.unit)} ({size:,})"
        for start, size in zip(rows["start"], rows["customers"], strict=True)
    ]
    return Shown(
        finding=_came_back(found, int(ages[0])),
        figure=heat(
            rows[ages].to_numpy(np.float64),
            rows=labels,
            columns=[str(age) for age in ages],
            form=".0%",
            palette=colours,
            written=len(ages) <= 14,
            axis=f"{found.unit}s after the first",
        ),
        table=as_percent(rows, ages).rename(
            columns={"start": "First came", "customers": "Customers"} | {age: f"+{age}" for age in ages}
        ),
        key="cohorts",
        note="In brackets: customers of the cohort. Blank: not over yet, or fewer than 20 customers. The first cohort also holds customers who came before the log began.",
    )


def histories(parts: Parts, colours: Palette) -> Shown | str:
    """Interactions per customer."""
    found = parts.customers
    if found is None:
        return ""
    return Shown(
        finding=f"The typical customer has {count(found.median, 'interaction')}; the average is {found.mean:,.1f}, the most {found.most:,}",
        figure=columns(
            found.bins.rename(columns={"owners": "value"}), axis="interactions per customer", palette=colours
        ),
        table=found.bins.rename(columns={"label": "Interactions", "owners": "Customers"}),
        key="histories",
    )


def _month(moment: date, unit: str) -> str:
    if unit == "month":
        return f"{moment:%b %Y}"
    return f"Q{(moment.month + 2) // 3} {moment.year}" if unit == "quarter" else as_day(moment)

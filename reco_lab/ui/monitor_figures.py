"""The figures of a period: what came of the ads, by what, and how they were served."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from reco_lab.charts.control import control
from reco_lab.core.clock import moment
from reco_lab.services.monitoring import Alarm, Look, Slice
from reco_lab.ui import linked, show
from reco_lab.ui.words import count, day, md, when

BY = {
    "slot": "Slot",
    "ad": "Ad",
    "segment": "Segment",
    "model_version": "Model",
    "arm": "Arm",
    "stage": "Ranked by",
    "position": "Place",
}
STEPS = ("From (UTC)", "Click rate", "Low", "High")
COLUMNS = {
    name: st.column_config.NumberColumn(format="localized")
    for name in ("Shown", "Clicks", "Conversions", "Revenue", "Spend")
}
WITHOUT = "Without the shop's own ads, which only fill what nothing else can."
APART = "The shop's own ads only fill what nothing else can, and count in rows of their own alone."


def figures(look: Look, before: str) -> None:
    """The few figures that matter, and how sure the first is."""
    now, rate = look.sums, look.sums.click_rate
    with st.container(horizontal=True):
        _figure(
            "Click rate", _percent(rate.value), f"Of the ads that were seen, how many were clicked. {WITHOUT}"
        )
        _figure(
            "Conversions", f"{now.conversions:,}", "Purchases owed to the last ad that was clicked before."
        )
        _figure("Revenue", f"{now.revenue:,.0f}", "What those purchases were worth, in the shop's currency.")
        cost = f"A click cost {_number(now.cost_per_click)}, a thousand ads {_number(now.cost_per_thousand)}."
        _figure("Spend", f"{now.spend:,.2f}", f"What advertisers pay. {cost}")
    sure = (
        f" {rate.low:.1%} to {rate.high:.1%}" if rate.known else ": too few customers to say how sure it is"
    )
    usual = f", {_percent(look.usual.value)} in {before}" if look.usual.n else ""
    st.caption(f"Click rate{sure}{usual} · {control_words(look)}")


def control_words(look: Look) -> str:
    """How what is served stands against chance, in a sentence."""
    found = look.random
    if found.control is None or found.lift is None:
        return f"No random control: {found.why[0].lower()}{found.why[1:]}"
    against = f"in first place {found.ours.value:.1%}, {found.control.value:.1%} if chance had chosen"
    if found.lift.low > 0:
        return f"Better than chance: {against}"
    return f"Worse than chance: {against}" if found.lift.high < 0 else f"Not told from chance: {against}"


def chart(look: Look, alarms: Sequence[Alarm]) -> None:
    """The click rate by step within its limits: of the part that moved, else of everything."""
    moved, part = _moved(alarms)
    found, watch = look.chart(part), look.watch
    if found is None or watch is None:
        st.caption("The click rate gets its limits once there is enough to know what is usual.")
        return
    rows = steps(look, alarms)
    rate, low, high = (rows[name].to_numpy() for name in STEPS[1:])
    first = found.rate.shape[1] - len(rows)
    of = (
        ""
        if part == Slice()
        else f" {'of' if part.dimension in {'ad', 'model_version'} else 'in'} {look.names.of(part)}"
    )
    finding = f"The click rate{of} stays within its limits"
    if moved is not None and moved.since is not None:
        finding = f"The click rate{of} is another since {when(moved.since)} (UTC)"
    show.chart(
        control(
            rows[STEPS[0]].tolist(),
            rate,
            low,
            high,
            centre=float(found.centre[0]),
            begin=watch.before - first,
            since=moved.since if moved else None,
            palette=show.palette(),
        ),
        finding=finding,
        table=rows,
        key="click-rate",
        live=True,
        explained="The band is as wide as the time before varies, and so wide that everything that is watched together "
        "gives at most one false alarm in four weeks, as long as one day is like another: where days differ by themselves "
        "there are more in the view of a day, and few in that of a week. What is so at the same hour every day is inside. Several points "
        "on one side of what is usual are an alarm too. Times whose clicks are still coming in are left out.",
    )


def steps(look: Look, alarms: Sequence[Alarm]) -> pd.DataFrame:
    """The click rate by step within its limits, from the first step with any; no rows where it has no limits yet."""
    found, watch = look.chart(_moved(alarms)[1]), look.watch
    if found is None or watch is None:
        return pd.DataFrame(columns=STEPS)
    begin, step = watch.facts.period.begin, watch.facts.step
    first = int(np.argmax(np.isfinite(found.rate[0])))  # a shop that is young has nothing to show before
    times = [moment(begin + number * step) for number in range(first, found.rate.shape[1])]
    columns = (times, *(one[0, first:] for one in (found.rate, found.low, found.high)))
    return pd.DataFrame(dict(zip(STEPS, columns, strict=True)))


def chosen(look: Look) -> str:
    """Choose what the figures are told apart by."""
    options = {name: label for name, label in BY.items() if name != "segment" or look.now.segments}
    return linked.choice("By", options, key="by", noun="column", few=True)


def parts(look: Look, by: str) -> pd.DataFrame:
    """The figures by slot, ad, segment, model, arm, stage or place."""
    rows = [
        {
            BY[by]: look.names.short(part),
            "Shown": one.shown,
            "Clicks": one.clicks,
            "Click rate": _percent(one.click_rate.value),
            "95% interval": f"{one.click_rate.low:.1%} to {one.click_rate.high:.1%}"
            if one.click_rate.known
            else "–",
            "Place-corrected": _percent(one.corrected),
            "Conversions": one.conversions,
            "Revenue": one.revenue,
            "Spend": one.spend,
        }
        for part, one in look.by(by)
    ]
    return pd.DataFrame(rows)


def table(look: Look, by: str) -> None:
    """The figures by slot or whatever is chosen, and what they mean."""
    alt = f"What came of the ads by {BY[by].lower()}"
    show.numbers(parts(look, by), alt=alt, key=f"by-{by}", columns=COLUMNS, live=True)
    st.caption(
        f"{APART} Place-corrected: the click rate it would have, did it stand in every place as often as the others. What a place is "
        "worth is told from ads that stood in several."
    )


def service(look: Look) -> None:
    """How the ads were served: fast, by the model, to whom, how widely, how fresh."""
    speed, spread, (new, nobody) = look.speed, look.spread, look.newcomers
    st.subheader("How they were served", anchor=False)
    with st.container(horizontal=True):
        tail = f"95 of 100 within {speed.p95:,.1f} ms, 99 of 100 within {speed.p99:,.1f} ms."
        _figure("Half within", f"{speed.p50:,.1f} ms", tail)
        _figure("By stand-ins", _percent(look.fallback), "The model failed, or knew nothing of the customer.")
        unequal = f"How unequally (Gini): {_number(spread.gini)}; 0: all the same, 1: one ad alone."
        _figure("Ads shown", f"{spread.shown} of {spread.of}", unequal)
        _figure("New customers", _percent(new), "Decisions for customers whom the model's data do not know.")
    st.caption(" · ".join(_details(look, nobody)))


def drifts(look: Look) -> None:
    """How far data, scores and traffic are from what they were."""
    if not look.drifts:
        return
    much = sum(one.much for one in look.drifts)
    with st.expander(
        f"Drift: {count(much, 'column')} of {len(look.drifts)} changed much", icon=":material/call_split:"
    ):
        show.numbers(
            drifted(look),
            alt="How far data, scores and traffic are from what they were",
            key="drift",
            live=True,
        )
        st.caption(
            "The newest version of the data against the one that the model learnt from; scores and traffic against the "
            "period before, a customer counting once. Population stability index: below 0.1 the same, above 0.25 another "
            "world. Largest distance (Kolmogorov and Smirnov): between the two distributions, from 0 to 1."
        )


def drifted(look: Look) -> pd.DataFrame:
    """A row for each column that is watched for drift."""
    rows = [
        {
            "Of": one.table,
            "Column": one.column,
            "Before": one.before,
            "Now": one.now,
            "Stability index": round(one.psi, 3),
            "Largest distance": None if np.isnan(one.ks) else round(one.ks, 3),
            "More than chance": one.sure,
        }
        for one in look.drifts
    ]
    return pd.DataFrame(rows)


def _moved(alarms: Sequence[Alarm]) -> tuple[Alarm | None, Slice]:
    """The alarm about clicks, and the part of the traffic that it is of: all where there is none."""
    found = next((one for one in alarms if one.key.startswith("clicks/")), None)
    return found, found.part if found else Slice()


def _details(look: Look, nobody: float) -> list[str]:
    shares = (
        (look.unanswered, "of requests without an ad"),
        (look.refused, "of events refused"),
        (nobody, "for customers without a name"),
    )
    found = [f"95 of 100 answers within {look.speed.p95:,.1f} ms"]
    found += [f"{_percent(value)} {words}" for value, words in shares if value > 0]
    if look.fresh is not None:
        fresh = look.fresh
        data = f"trained on version {fresh.trained}" + (
            f" of {fresh.newest}" if fresh.newest > fresh.trained else ""
        )
        until = f", which ends on {day(fresh.last)}" if fresh.last else ""
        found.append(f"{md(fresh.name)} serves since {when(fresh.since)} (UTC), {data}{until}")
    if look.now.period.cut:
        found.append(f"the oldest of it is left out: only {count(len(look.now.period), 'decision')} are held")
    return found


def _figure(label: str, value: str, explained: str) -> None:
    st.metric(label, value, border=True, help=explained)


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1%}"


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:,.2f}"

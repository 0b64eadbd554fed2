"""The figures of a period: what came of the ads, by what, and how they were served."""

import numpy as np
import pandas as pd
import streamlit as st

from reco_lab.charts.control import control
from reco_lab.monitoring.sentences import moment
from reco_lab.services.monitoring import Look
from reco_lab.ui import linked, show
from reco_lab.ui.words import count, day, when

BY = {
    "slot": "Slot",
    "ad": "Ad",
    "segment": "Segment",
    "model_version": "Model",
    "arm": "Arm",
    "stage": "Ranked by",
    "position": "Place",
}


def figures(look: Look) -> None:
    """The few figures that matter, each with what it was in the period before."""
    now, rate = look.sums, look.sums.click_rate
    interval = f"{rate.low:.1%} to {rate.high:.1%}" if rate.known else "too few customers for an interval"
    with st.container(horizontal=True):
        st.metric(
            "Click rate",
            _percent(rate.value),
            _change(rate.value, look.usual.value),
            delta_color="off",
            border=True,
            help=f"95% interval over customers: {interval}.",
        )
        st.metric(
            "Conversions",
            f"{now.conversions:,}",
            border=True,
            help="Purchases owed to the last ad that was clicked before.",
        )
        st.metric(
            "Revenue",
            f"{now.revenue:,.0f}",
            border=True,
            help="What those purchases were worth, in the shop's currency.",
        )
        st.metric(
            "Spend",
            f"{now.spend:,.2f}",
            border=True,
            help=f"What advertisers pay; a click cost {_number(now.cost_per_click)}, a thousand ads {_number(now.cost_per_thousand)}.",
        )
    st.caption(f"Click rate {interval} · {control_words(look)}")


def control_words(look: Look) -> str:
    """How what is served stands against chance, in a sentence."""
    found = look.random
    if found.control is None or found.lift is None:
        return f"No random control: {found.why[0].lower()}{found.why[1:]}"
    against = f"in first place {found.ours.value:.1%}, {found.control.value:.1%} if chance had chosen"
    if found.lift.low > 0:
        return f"Better than chance: {against}"
    return f"Worse than chance: {against}" if found.lift.high < 0 else f"Not told from chance: {against}"


def chart(look: Look) -> None:
    """The click rate by step within its limits."""
    found, watch = look.chart, look.watch
    if found is None or watch is None:
        st.caption("The click rate gets its limits once there is enough to know what is usual.")
        return
    facts = watch.facts
    times = [moment(facts.period.begin + step * facts.step) for step in range(found.rate.shape[1])]
    rate, low, high = found.rate[0], found.low[0], found.high[0]
    out = np.flatnonzero((rate < low) | (rate > high))
    out = out[out >= watch.before]
    finding = (
        f"The click rate left its limits, first on {when(times[out[0]])} (UTC)"
        if len(out)
        else "The click rate moves as chance moves it"
    )
    table = pd.DataFrame({"From (UTC)": times, "Click rate": rate, "Low": low, "High": high})
    show.chart(
        control(
            times, rate, low, high, centre=float(found.centre[0]), begin=watch.before, palette=show.palette()
        ),
        finding=finding,
        table=table,
        key="click-rate",
        explained="The band is as wide as the steps before vary, and so wide that everything that is watched together "
        "gives at most one false alarm in four weeks. Steps whose clicks are still coming in are left out.",
    )


def table(look: Look) -> None:
    """The figures by slot, ad, segment, model, arm, stage or place."""
    options = {name: label for name, label in BY.items() if name != "segment" or look.now.segments}
    chosen = linked.choice("By", options, key="by", noun="column", few=True)
    rows = [
        {
            BY[chosen]: look.names.short(part),
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
        for part, one in look.by(chosen)
    ]
    show.numbers(pd.DataFrame(rows), alt=f"What came of the ads by {BY[chosen].lower()}", key=f"by-{chosen}")
    st.caption(
        "Place-corrected: the click rate it would have, did it stand in every place as often as the others."
    )


def service(look: Look) -> None:
    """How the ads were served: fast, by the model, to whom, how widely, how fresh."""
    speed, spread, (new, nobody) = look.speed, look.spread, look.newcomers
    st.subheader("How they were served", anchor=False)
    with st.container(horizontal=True):
        st.metric(
            "Half within",
            f"{speed.p50:,.1f} ms",
            border=True,
            help=f"95 of 100 within {speed.p95:,.1f} ms, 99 of 100 within {speed.p99:,.1f} ms.",
        )
        st.metric(
            "By stand-ins",
            _percent(look.fallback),
            border=True,
            help="Decisions in which the model failed or knew nothing of the customer.",
        )
        st.metric(
            "Ads shown",
            f"{spread.shown} of {spread.of}",
            border=True,
            help=f"How unequally (Gini): {_number(spread.gini)}; 0 all the same, 1 one ad alone.",
        )
        st.metric(
            "New customers",
            _percent(new),
            border=True,
            help="Decisions for customers whom the model's data do not know.",
        )
    st.caption(" · ".join(_details(look, nobody)))


def _details(look: Look, nobody: float) -> list[str]:
    speed = look.speed
    found = [
        f"95 of 100 answers within {speed.p95:,.1f} ms, 99 of 100 within {speed.p99:,.1f} ms",
        f"{_percent(look.unanswered)} of requests without an ad",
        f"{_percent(look.refused)} of events refused",
        f"{_percent(nobody)} for customers without a name",
    ]
    if look.fresh is not None:
        fresh = look.fresh
        data = f"trained on version {fresh.trained}" + (
            f" of {fresh.newest}" if fresh.newest > fresh.trained else ""
        )
        until = f", which ends on {day(fresh.last)}" if fresh.last else ""
        found.append(f"{fresh.name} serves since {when(fresh.since)} (UTC), {data}{until}")
    if look.now.period.cut:
        found.append(f"the oldest of it is left out: only {count(len(look.now.period), 'decision')} are held")
    return found


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1%}"


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:,.2f}"


def _change(now: float, before: float) -> str | None:
    return None if np.isnan(now) or np.isnan(before) else f"{100 * (now - before):+.1f} points"

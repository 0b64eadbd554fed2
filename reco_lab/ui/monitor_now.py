"""The tab "Now": how the ads do, what moved and since when, and what to do about it."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from reco_lab.services import monitoring, rehearsal
from reco_lab.services.monitoring import Alarm, Look, Monitor
from reco_lab.store.own_time import OwnClock, stands_still
from reco_lab.ui import (
    ad_rehearsal,
    board,
    cache,
    export,
    linked,
    monitor_alarms,
    monitor_figures,
    page,
    show,
    state,
)
from reco_lab.ui.words import count, when
from reco_lab.workspace import Workspace

EVERY = 1.0
WAITING = 5.0
LIVE = 1 / 30  # of the period: traffic so lately means that it is still coming
DEFAULT = "day"  # what moved in it is spoken of whatever period is shown
PERIODS = {"hour": "1 hour", "day": "24 hours", "week": "7 days", "month": "28 days"}
WINDOWS = {"hour": "an hour", "day": "a day", "week": "7 days", "month": "30 days"}
USUAL = {
    "hour": "the hour before",
    "day": "the day before",
    "week": "the 7 days before",
    "month": "the 28 days before",
}


def view(lab: page.Lab) -> None:
    """Show the period that is chosen, brought up to date every second while traffic comes."""
    monitor_alarms.asked(lab.workspace)
    watch = cache.monitor(lab.workspace)
    if (pulse := watch.pulse()) == (0, 0):
        _wait(watch, pulse)
        _nothing_yet(lab.workspace)
        return
    for key in ("period", "window"):
        if state.chosen(key) is None:
            state.choose(key, DEFAULT)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = linked.choice("Period", PERIODS, key="period", noun="period", few=True)
        window = linked.choice(
            "A click or purchase counts within",
            WINDOWS,
            key="window",
            noun="window",
            help_text="How long after an ad was shown a click, or after a click a purchase, is still owed to it: the "
            "last ad that was clicked gets it.",
        )
    board.running(lab.workspace)
    look = watch.look(period, window)
    every = EVERY if live(lab.workspace, look) else None
    if every is None:
        _wait(watch, pulse)
    st.fragment(partial(_above, lab.workspace, period, window), run_every=every, key="monitor-above")()
    if len(look.now.period):
        by = monitor_figures.chosen(look)  # no choice lies in what is drawn anew every second
        st.fragment(
            partial(_below, lab.workspace, period, window, by), run_every=every, key="monitor-below"
        )()
        _take(lab.workspace, watch, (period, window), by, drifts=bool(look.drifts))


def _nothing_yet(workspace: Workspace) -> None:
    """Say that nothing was served, and offer the rehearsal where there was one, else the Ads page."""
    later = "Once a website asks for ads, here stands how they do, what moved, and what can be done about it."
    if not rehearsal.room_name(workspace):
        show.empty(
            "No ads have been served yet",
            f"{later} Without a website, simulated customers can come: press Start traffic on the Ads page.",
            page=page.ADS,
            label="Serve ads",
            icon=":material/ads_click:",
        )
        return
    with st.container(border=True):
        st.header("Only the simulated customers have been served ads so far", anchor=False)
        st.markdown(f"They visited a shop of their own, and what came of it stands there. {later}")
        if st.button(
            "Look at the rehearsal",
            type="primary",
            icon=":material/theater_comedy:",
            key="monitor-rehearsal",
        ):
            show.go(page.MONITOR, ad_rehearsal.MONITOR)


def _wait(watch: Monitor, pulse: tuple[int, int]) -> None:
    """Draw the page anew once something comes: from then on it is live."""

    def awake() -> None:
        if watch.pulse() != pulse:
            st.rerun()

    st.fragment(awake, run_every=WAITING, key="monitor-waiting")()


def _take(workspace: Workspace, watch: Monitor, asked: tuple[str, str], by: str, *, drifts: bool) -> None:
    """Offer the tables, as they stand at the press: beside what is drawn anew, or a press could come too late."""

    def steps() -> pd.DataFrame:
        return monitor_figures.steps(*_loud(workspace, watch, *asked)[:2])

    label = monitor_figures.BY[by].lower()
    things = [
        export.Sheet(f"By {label}", f"by-{by}", lambda: monitor_figures.parts(watch.look(*asked), by)),
        export.Sheet("Click rate by time", "click-rate", steps),
    ]
    if drifts:
        things.append(export.Sheet("Drift", "drift", lambda: monitor_figures.drifted(watch.look(*asked))))
    export.menu(things, key="monitor")


def _loud(
    workspace: Workspace, watch: Monitor, period: str, window: str
) -> tuple[Look, list[Alarm], list[Alarm]]:
    """A look, with its alarms and the usual ones that are spoken of, and those that are muted."""
    look = watch.look(period, window)
    usual = look if period == DEFAULT else watch.look(DEFAULT, window)
    found = {one.key: one for one in (*look.alarms, *usual.alarms)}
    return look, *monitoring.loud(workspace, list(found.values()))


def _above(workspace: Workspace, period: str, window: str) -> None:
    """The answer, alarms, figures and the chart."""
    with page.guard(workspace):
        look, alarms, muted = _loud(workspace, cache.monitor(workspace), period, window)
        show.answer(*answer(look, alarms, period))
        monitor_alarms.cards(workspace, alarms, muted)
        if len(look.now.period):
            monitor_figures.figures(look, USUAL[period])
            monitor_figures.chart(look, alarms)


def _below(workspace: Workspace, period: str, window: str, by: str) -> None:
    """The figures by slot or whatever is chosen, and how ads were served."""
    with page.guard(workspace):
        look = cache.monitor(workspace).look(period, window)
        monitor_figures.table(look, by)
        monitor_figures.service(look)
        monitor_figures.drifts(look)


def answer(look: Look, alarms: Sequence[Alarm], period: str) -> tuple[str, str]:
    """What there is to say of a period, in one sentence and one line."""
    if alarms:
        more = f"{count(len(alarms) - 1, 'more thing')} moved" if len(alarms) > 1 else "Nothing else moved"
        return alarms[0].sentence, f"{more} · the last decision was made on {when(look.last)} (UTC)"
    if not len(look.now.period):
        last = f"The last one was on {when(look.last)} (UTC)." if look.last else "Choose a longer period."
        return "No ads were served in this period.", last
    rate, usual = look.sums.click_rate, look.usual
    traffic = (
        f"{count(look.sums.decisions, 'decision')} for {count(look.sums.customers, 'customer')}, the last on "
        f"{when(look.last)} (UTC)"
    )
    shown = f"{rate.value:.1%} of what was {'seen' if look.now.impressions else 'shown'} was clicked"
    if look.watch is None:
        return (
            f"{shown}.",
            f"{traffic} · There is too little yet to know what is usual, so nothing is watched.",
        )
    same = usual.known and rate.known and usual.low <= rate.high and rate.low <= usual.high
    how = ", as usual" if same else f", {usual.value:.1%} in {USUAL[period]}" if usual.n else ""
    return (
        f"All is well: {shown}{how}.",
        f"{traffic} · {count(look.watch.tests, 'rate')} watched: about one false alarm in four weeks, more where days differ",
    )


def live(workspace: Workspace, look: Look) -> bool:
    """Whether traffic is coming at the moment: in a rehearsal until it is over, as its clock runs faster than one can look."""
    if isinstance(workspace.clock, OwnClock):
        return look.last is not None and not stands_still(workspace.clock)
    length = (look.now.period.end - look.now.period.begin) / 1e6
    return look.last is not None and (look.at - look.last).total_seconds() < LIVE * length

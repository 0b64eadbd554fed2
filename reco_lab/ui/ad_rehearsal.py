"""Simulated customers on the Ads page: begun with one button, watched live, stopped."""

from datetime import UTC
from functools import partial

import pandas as pd
import streamlit as st

from reco_lab.charts.lines import lines
from reco_lab.services import rehearsal, rehearsal_figures
from reco_lab.services.rehearsal import Asked, Phase, Seen
from reco_lab.store.own_time import rehearsed
from reco_lab.ui import page, show, state
from reco_lab.ui.words import count, md, when
from reco_lab.workspace import Workspace

EVERY = 1.0
LINES = {"clicked": "Clicked", "possible": "Best possible", "by_lot": "Drawn by lot"}
MONITOR = {state.REHEARSAL: "1", "period": "month", "window": "day"}
HONEST = (
    "The customers are simulated, and nothing is scripted: they visit a demo shop of their own through the same service, "
    "on a clock that runs fast, and your own data and log are not touched. A real site is served by the same code."
)


def card(workspace: Workspace) -> None:
    """Offer a rehearsal, show the one that runs, or what the last one came to; nothing inside of one."""
    if rehearsed(workspace.home):
        return
    seen = rehearsal.look(workspace)
    with st.container(border=True):
        if seen.live:
            watch = partial(_watch, workspace)
            st.fragment(run_every=EVERY, key="rehearsal")(watch)()
            return
        _idle(workspace, seen)


def _idle(workspace: Workspace, seen: Seen) -> None:
    phase = seen.status.phase
    st.subheader("Rehearse with simulated customers", anchor=False)
    if phase is Phase.failed:
        st.error(md(seen.status.said), title="The rehearsal could not go on", icon=":material/error:")
    elif phase is Phase.broken:
        st.warning(
            "The last rehearsal ended before its time: its process was ended.", icon=":material/warning:"
        )
    days = _days(seen)
    if days is not None and phase is not Phase.failed:
        _figures(seen, days)
    weeks = Asked().minutes * 60 * Asked().rate / 86400 / 7
    st.caption(f"Two minutes, in which {weeks:.0f} weeks of the shop pass. {HONEST}")
    with st.container(horizontal=True):
        if days is not None and st.button(
            "Look at it in the Monitor", icon=":material/monitoring:", key="rehearsal-monitor"
        ):
            show.go(page.MONITOR, MONITOR)
        label = "Start traffic" if days is None else "Start traffic again"
        if st.button(label, icon=":material/play_arrow:", key="rehearse"):
            start(workspace)
            st.rerun()


def start(workspace: Workspace) -> None:
    """Let simulated customers come, others than the last time, unless some are on their way."""
    seen = rehearsal.look(workspace)
    if not seen.live:
        with st.spinner("Starting…"):
            rehearsal.begin(workspace, Asked(seed=seen.status.asked.seed + (_days(seen) is not None)))


def _watch(workspace: Workspace) -> None:
    with page.guard(workspace):
        seen = rehearsal.look(workspace)
        if not seen.live:
            st.rerun()
        _live(workspace, seen)


def _live(workspace: Workspace, seen: Seen) -> None:
    head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    doing = "are on their way" if seen.status.phase is Phase.preparing else "are visiting"
    head.subheader(f"Simulated customers {doing}", anchor=False, width="content")
    head.button(
        "Stop",
        icon=":material/stop:",
        key="rehearsal-stop",
        on_click=rehearsal.stop,
        args=(workspace,),
    )
    clock = seen.clock
    if clock is None or seen.status.phase is Phase.preparing:
        st.progress(0.0, text=f"{seen.status.said or 'Starting'}…")
        st.caption(HONEST)
        return
    passed = (clock.now() - clock.shown).total_seconds() / clock.rate
    share = min(passed / (60 * seen.status.asked.minutes), 1.0)
    now = clock.now().astimezone(UTC)
    st.progress(share, text=f"{now:%A}, {when(now)} in the shop")
    days = _days(seen)
    if days is not None:
        _figures(seen, days)
    st.caption(HONEST)


def _figures(seen: Seen, days: pd.DataFrame) -> None:
    last = seen.tallies[-1]
    recent = days.tail(1)
    cells = st.columns(4)
    cells[0].metric("Visits", f"{last.visits:,}")
    cells[1].metric(
        "Ads shown",
        f"{last.places:,}",
        help=f"Without the {count(last.house, 'place')} of the shop's own ads, which only fill what nothing else can. The "
        "Monitor leaves them out as well.",
    )
    rate = float(recent["clicked"].iloc[0])
    over = rate / float(recent["by_lot"].iloc[0]) if float(recent["by_lot"].iloc[0]) else 0.0
    cells[2].metric(
        "Click rate, last day", f"{rate:.1%}", help="Clicks of the places that ads had on the last day."
    )
    cells[3].metric(
        "Against drawing by lot",
        f"{over:.1f} times",
        help="What ads drawn by lot would have got is known here, as the customers are simulated.",
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        _chart(days)
    with right:
        _told(seen, days)


def _chart(days: pd.DataFrame) -> None:
    rows = days.melt("day", list(LINES), "name", "value").assign(low=None, high=None)
    rows["name"], rows["step"] = rows["name"].map(LINES), rows["day"].astype(str)
    figure = lines(rows, x_axis="day of the shop", y_axis="share of places clicked", palette=show.palette())
    figure.update_yaxes(tickformat=".0%")
    show.chart(
        figure,
        finding=rehearsal_figures.sentence(days),
        table=None,
        key="rehearsal",
        explained="Drawn by lot and best possible are no measurements: the simulator knows what every customer likes. "
        "The best possible is what somebody would get who knew that too. Both are of ads for what she has not bought yet, so "
        "the best sinks as customers buy what they like.",
    )


def _told(seen: Seen, days: pd.DataFrame) -> None:
    """What was learnt, how the A/B test and the gate stand, and what this machine could not play."""
    told, best = seen.story, float(days.tail(rehearsal_figures.FIRST)["best"].mean())
    rows = {
        "What serves": f"{told.serves}. {best:.0%} of the places show a customer one of her three best ads.",
        "The A/B test": told.test or "It begins with the first customers.",
        "The gate": told.gate
        or "Every day of the shop it may train a challenger and judge it, unless a test runs.",
    }
    for name, words in rows.items():
        st.subheader(name, anchor=False)
        st.markdown(md(words))
    if late := seen.tallies[-1].late:
        st.caption(f"{count(late, 'visit')} came faster than this machine could play them and were left out.")


def _days(seen: Seen) -> pd.DataFrame | None:
    if seen.clock is None or not seen.tallies:
        return None
    days = rehearsal_figures.by_day(seen.tallies, seen.clock.shown)
    return None if days.empty else days

"""Alarms as cards, each with what can be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from reco_lab.services import monitoring, publishing
from reco_lab.services.monitoring import Alarm, Deed
from reco_lab.ui import page, show, state
from reco_lab.ui.words import count, md, when
from reco_lab.workspace import Workspace

WHO = "a person in the app"
ASKED = "monitor-asked"
BUTTONS = {
    Deed.roll_back: ("Roll back", ":material/undo:"),
    Deed.retrain: ("Train a challenger", ":material/swords:"),
    Deed.look: ("Look closer", ":material/search:"),
    Deed.mute: ("Mute for a week", ":material/notifications_off:"),
}


@dataclass(frozen=True)
class Asked:
    """What a person wants done about an alarm."""

    of: Alarm
    deed: Deed


def cards(workspace: Workspace, alarms: Sequence[Alarm], muted: Sequence[Alarm]) -> None:
    """Every alarm with its deeds (the first is the page's answer already); those that are muted folded away."""
    back = publishing.goes_back(workspace)
    for place, one in enumerate(alarms):
        deeds = [deed for deed in one.deeds if back or deed is not Deed.roll_back]
        _card(one, deeds, first=not place)
    if muted:
        with st.expander(f"{count(len(muted), 'alarm')} muted", icon=":material/notifications_off:"):
            for one in muted:
                st.markdown(md(one.sentence))
                st.button(
                    "Speak of it again",
                    key=f"unmute-{one.key}",
                    on_click=monitoring.unmute,
                    args=(workspace, one.key),
                )


def asked(workspace: Workspace) -> None:
    """Do what an alarm's button asked for, and say it where it stays: the next second wipes off what stands at the button."""
    wish = state.taken(ASKED)
    if isinstance(wish, Asked):
        with page.guard(workspace):
            _do(workspace, wish.of, wish.deed)


def _card(one: Alarm, deeds: Sequence[Deed], *, first: bool) -> None:
    with st.container(border=True):
        if not first:
            st.markdown(f":material/warning: **{md(one.sentence)}**")
        st.caption(md(one.advice))
        with st.container(horizontal=True):
            for place, deed in enumerate(deeds):
                label, icon = BUTTONS[deed]
                leads = first and not place
                if st.button(
                    label, key=f"{deed}-{one.key}", icon=icon, type="primary" if leads else "secondary"
                ):
                    state.choose(ASKED, Asked(one, deed))
                    st.rerun()


def _do(workspace: Workspace, one: Alarm, deed: Deed) -> None:
    match deed:
        case Deed.roll_back:
            back = monitoring.roll_back(workspace, who=WHO)
            state.tell(f"Version {back.version} serves again within a second.")
        case Deed.retrain:
            monitoring.retrain(workspace)
            state.tell("A challenger is being trained; it serves only if the gate lets it pass.")
        case Deed.mute:
            until = monitoring.mute(workspace, one.key)
            state.tell(f"Nothing more is said of this until {when(until)} (UTC).")
        case Deed.look:
            if one.key.startswith("data/"):
                show.go(page.DATA)
            if one.part.dimension in {"slot", "ad"}:
                state.choose(f"decisions-{one.part.dimension}", one.part.value)
            state.choose(state.OPENED, "Decisions")  # the address's section is that of this page's tabs
            show.go(page.ADS)
    st.rerun()

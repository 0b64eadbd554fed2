"""Alarms as cards, each with what can be done about it."""

from collections.abc import Sequence

import streamlit as st

from reco_lab.services import monitoring
from reco_lab.services.monitoring import Alarm, Deed
from reco_lab.ui import page, show, state
from reco_lab.ui.words import count, md, when
from reco_lab.workspace import Workspace

WHO = "a person in the app"
BUTTONS = {
    Deed.roll_back: ("Roll back", ":material/undo:"),
    Deed.retrain: ("Train a challenger", ":material/swords:"),
    Deed.look: ("Look closer", ":material/search:"),
    Deed.mute: ("Mute for a week", ":material/notifications_off:"),
}


def cards(workspace: Workspace, alarms: Sequence[Alarm], muted: Sequence[Alarm]) -> None:
    """Every alarm with its deeds (the first is the page's answer already); those that are muted folded away."""
    for place, one in enumerate(alarms):
        _card(workspace, one, first=not place)
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


def _card(workspace: Workspace, one: Alarm, *, first: bool) -> None:
    with st.container(border=True):
        if not first:
            st.markdown(f":material/warning: **{md(one.sentence)}**")
        st.caption(md(one.advice))
        with st.container(horizontal=True):
            for place, deed in enumerate(one.deeds):
                label, icon = BUTTONS[deed]
                leads = first and not place
                if st.button(
                    label, key=f"{deed}-{one.key}", icon=icon, type="primary" if leads else "secondary"
                ):
                    _do(workspace, one, deed)


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
            target, address = page.ADS, {"section": "Decisions"}
            if one.key.startswith("data/"):
                target, address = page.DATA, {}
            elif one.part.dimension in {"slot", "ad"}:
                state.choose(f"decisions-{one.part.dimension}", one.part.value)
            show.go(target, address)
    st.rerun()

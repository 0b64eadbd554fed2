"""What the gate asks of a challenger, to be changed from the next round on."""

import streamlit as st

from reco_lab.services.gate_settings import GateSettings, gate_settings, set_gate
from reco_lab.ui import state
from reco_lab.workspace import Workspace

WHAT = {"again": "The champion, trained anew", "experiment": "The winner of the latest experiment"}


def view(workspace: Workspace) -> None:
    """Show what is asked, and keep what is changed."""
    now = gate_settings(workspace)
    with st.expander("What the gate asks for", icon=":material/tune:"):
        chosen = st.radio(
            "Who challenges",
            list(WHAT),
            list(WHAT).index(now.challenger),
            format_func=WHAT.__getitem__,
            horizontal=True,
            key="gate-who",
        )
        left, right = st.columns(2)
        margin = left.number_input(
            "A newer model may be worse by (%)", 0.0, 99.0, 100 * now.margin, 1.0, key="gate-margin",
            help="As a part of what the champion reaches, and of what the last model reaches that was better. A better one "
            "needs no margin.",
        )  # fmt: skip
        part = right.number_input(
            "Customers who get it first (%)", 0.0, 50.0, 100 * now.canary_share, 1.0, key="gate-canary",
            help="They are looked at before everybody gets it. 0: it is tried on nobody.",
        )  # fmt: skip
        hours = left.number_input("For how many hours", 1.0, 720.0, now.canary_hours, 1.0, key="gate-hours")
        fewest = right.number_input(
            "How many of them at least", 2, 1_000_000, now.canary_customers, 10, key="gate-fewest"
        )
        asked = {
            "challenger": chosen,
            "margin": margin / 100,
            "canary_share": part / 100,
            "canary_hours": hours,
            "canary_customers": fewest,
        }
        wanted = GateSettings.model_validate(now.model_dump() | asked)
        if st.button("Ask for this", icon=":material/check:", disabled=wanted == now, key="gate-keep"):
            set_gate(workspace, wanted)
            state.tell("The next challenger is judged by this.")
            st.rerun()

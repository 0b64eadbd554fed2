"""The tabs of the Monitor page."""

import streamlit as st

from reco_lab.ui import ab_test, gate, judging, monitor_now, page


def sections(lab: page.Lab) -> None:
    """Only the open tab is worked out, and which one stands in the address."""
    draw = {
        "Now": monitor_now.view,
        "A/B tests": ab_test.view,
        "What would have happened": judging.view,
        "The gate": gate.view,
    }
    tabs = st.tabs(list(draw), key="section", on_change="rerun", bind="query-params")
    for name, tab in zip(draw, tabs, strict=True):
        if tab.open:
            with tab:
                draw[name](lab)

"""The tabs of the Ads page."""

import streamlit as st

from reco_lab.services import bookings
from reco_lab.ui import (
    ad_booking,
    ad_connect,
    ad_decisions,
    ad_policy,
    ad_status,
    ad_trial,
    cache,
    page,
    state,
)
from reco_lab.ui.ad_status import Status


def sections(lab: page.Lab, now: Status) -> None:
    """Only the open tab is worked out, and which one stands in the address."""
    draw = {
        "Try it": lambda: ad_trial.view(lab, now),
        "Ads": lambda: _ads(lab, now),
        "Decisions": lambda: ad_decisions.view(lab.workspace),
        "Policy": lambda: ad_policy.view(lab, now),
        "Connect": lambda: ad_connect.view(lab, now),
    }
    if (opened := state.taken(state.OPENED)) in draw:
        state.choose("section", opened)
    tabs = st.tabs(list(draw), key="section", on_change="rerun", bind="query-params")
    for name, tab in zip(draw, tabs, strict=True):
        if tab.open:
            with tab:
                draw[name]()


def _ads(lab: page.Lab, now: Status) -> None:
    moment = lab.workspace.clock.now()
    log = cache.events(lab.workspace)
    booked, spent = bookings.ads(lab.workspace), log.spending(moment.date())
    spent = bookings.billed(booked, spent)
    ad_booking.view(lab.workspace, ad_booking.Books(booked, spent, _titles(lab, now), moment, log.outcomes()))


def _titles(lab: page.Lab, now: Status) -> dict[str, str]:
    """What the items that are served are called."""
    data = ad_status.served(lab, now.plan)
    if data is None:
        return {}
    return dict(zip(map(str, data.interactions.item_ids), map(str, data.titles), strict=True))

"""The parts of the Ads page: what serves now, and the tabs below it."""

import streamlit as st

from reco_lab.services import bookings
from reco_lab.ui import ad_booking, page

SECTIONS = ("Try it", "Ads", "Decisions", "Policy", "Connect")


def sections(lab: page.Lab) -> None:
    """The tabs; only the open one is worked out, and which one stands in the address."""
    draw = {"Ads": _ads}
    tabs = st.tabs(list(draw), key="section", on_change="rerun", bind="query-params")
    for name, tab in zip(draw, tabs, strict=True):
        if tab.open:
            with tab:
                draw[name](lab)


def _ads(lab: page.Lab) -> None:
    titles = _titles(lab)
    books = ad_booking.Books(bookings.ads(lab.workspace), {}, titles, lab.workspace.clock.now())
    ad_booking.view(lab.workspace, books)


def _titles(lab: page.Lab) -> dict[str, str]:
    """What the items of the chosen data are called."""
    if lab.version is None:
        return {}
    data = lab.dataset()
    return dict(zip(map(str, data.interactions.item_ids), map(str, data.titles), strict=True))

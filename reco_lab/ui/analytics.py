"""Web analytics on the Data page: what each event becomes, which pages are items, and who was logged in."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from reco_lab.cleaning.kinds import LEFT_OUT
from reco_lab.core.errors import InputError
from reco_lab.core.recipe import Reading, Recipe
from reco_lab.services import analytics
from reco_lab.services.analytics import JOIN, PAGES, Traffic
from reco_lab.ui import cache, show
from reco_lab.ui.state import Brought
from reco_lab.ui.understood import Understood
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

NOTHING = "nothing"
BECOMES = {
    "view": "a view",
    "click": "a click",
    "cart": "into the cart",
    "purchase": "a purchase",
    "interaction": "some interaction",
    NOTHING: "nothing (left out)",
}

WEIGHED = (
    "What an event counts as is kept as the value of its rows; a purchase is always 1, so that money stays money. "
    "Only recommenders of ratings read such values; all others ask whether and how often something was done."
)


def holds(known: Understood) -> bool:
    """Whether the file that was brought holds web analytics."""
    return analytics.is_traffic(known.seen.dialect)


def ask(
    workspace: Workspace, brought: Brought, known: Understood, last: Recipe | None
) -> tuple[Understood, Reading]:
    """Ask what the events mean; the file as it is read with the answers, and what each event becomes."""
    st.header("What the events mean", anchor=False)
    table, below = st.container(), st.container()
    by_page = bool(cache.traffic(workspace, brought.path, known.options).facts["pages"])
    with below, st.expander("Pages and log-ins", icon=":material/link:", expanded=by_page):
        options = dict(known.options) | _asked(workspace, brought, known, last)
    found = cache.traffic(workspace, brought.path, options)
    with table:
        events = _events(found, brought, last)
        st.caption(md(" ".join((*found.sentences, WEIGHED))))
    if options != dict(known.options):
        seen = cache.preview(workspace, brought.path, known.header, options)
        known = replace(known, seen=seen, options=options)
    return known, analytics.reading_of(events)


def headline(workspace: Workspace, brought: Brought, known: Understood) -> str:
    """What the file is, in a sentence."""
    return cache.traffic(workspace, brought.path, known.options).headline


def _events(found: Traffic, brought: Brought, last: Recipe | None) -> pd.DataFrame:
    """The table of events, as the person left it."""
    start = found.events.copy()
    if last is not None:
        start["becomes"] = start["event"].map(dict(last.reading.kinds)).fillna(start["becomes"])
        start["weight"] = start["event"].map(dict(last.reading.weights)).fillna(start["weight"])
    edited: pd.DataFrame = st.data_editor(
        start.replace({"becomes": {LEFT_OUT: NOTHING}}),
        hide_index=True,
        disabled=["event", "rows", "with_item"],
        column_config={
            "event": st.column_config.TextColumn("Event"),
            "rows": st.column_config.NumberColumn("Rows", format="localized"),
            "with_item": st.column_config.NumberColumn("… that name an item", format="localized"),
            "becomes": st.column_config.SelectboxColumn(
                "Becomes", options=list(BECOMES), format_func=lambda one: BECOMES[str(one)], required=True
            ),
            "weight": st.column_config.NumberColumn(
                "Counts as",
                help="How much one counts beside a purchase: an assumption of ours until you change it.",
                min_value=0.01,
                max_value=1000.0,
                required=True,
            ),
        },
        key=f"events-{brought.path}-{last is not None}-{len(start)}-{found.facts['by_page']}",
        alt="The types of event, what each becomes and how much it counts",
    )
    return edited.replace({"becomes": {NOTHING: LEFT_OUT}})


def _asked(workspace: Workspace, brought: Brought, known: Understood, last: Recipe | None) -> dict[str, Any]:
    """Ask for the pattern of pages and whether cookies belong to who logs in, with what comes of it."""
    before = last.options if last else {}
    first = cache.traffic(workspace, brought.path, known.options)
    asked: dict[str, Any] = {}
    pages = known.seen.sample["page"] if "page" in known.seen.sample else pd.Series(dtype="str")
    if pages.notna().any():
        start = str(before.get(PAGES, first.facts["pages"]))
        pattern = st.text_input(
            "Pages that are items",
            start,
            max_chars=200,
            placeholder="/product/{item}",
            help="{item} stands where the item's id stands, * for any part between slashes. Empty: pages name no "
            "items. After `regex:` you may write an expression with a group called item.",
            key=f"pages-{brought.path}-{last is not None}",
        ).strip()
        if _previewed(pages, pattern) and pattern != first.facts["pages"]:
            asked[PAGES] = pattern
    if first.facts["joined"] or before.get(JOIN) is False:
        joined = st.toggle(
            "What a cookie did before the log-in belongs to the person",
            bool(before.get(JOIN, True)),
            help="Somebody who looks around and then logs in is one customer, not two.",
            key=f"join-{brought.path}-{last is not None}",
        )
        if not joined:
            asked[JOIN] = False
    return asked


def _previewed(pages: pd.Series, pattern: str) -> bool:
    """Show what a pattern makes of the pages; whether it can be used."""
    if not pattern:
        st.caption("Pages name no items: only the events that say so themselves do.")
        return True
    try:
        shown = analytics.named_by(pages, pattern)
    except InputError as error:
        show.mistake(error)
        return False
    known = int(shown["item"].notna().sum())
    if not known:
        st.warning("None of the first pages fits this pattern.", icon=":material/warning:")
    st.dataframe(
        shown,
        hide_index=True,
        alt=f"{count(known, 'page')} and the item that the pattern finds in each",
        placeholder="–",
        column_config={"page": "Page", "item": "Item"},
    )
    return True

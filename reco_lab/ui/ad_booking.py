"""The Ads tab: every ad with its state and its budgets, one of them opened to be changed, tables in and out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import streamlit as st

from reco_lab.core.ads import Ad
from reco_lab.services import bookings
from reco_lab.ui import ad_form, ad_words, export, intake, show, state
from reco_lab.ui.ad_words import Spent
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

AD = "ad"
FILE = "ads-file"
_PROGRESS = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
_MONEY = st.column_config.NumberColumn(format="%.2f")
COLUMNS = {
    "Daily budget used": _PROGRESS,
    "Whole budget used": _PROGRESS,
    "Spent today": _MONEY,
    "Spent ever": _MONEY,
}


@dataclass(frozen=True)
class Books:
    """What the tab shows: the ads, what each was billed (today, ever), what items are called, the moment, what came of it.

    `outcomes` has the decisions of each ad, how many were told to be seen, and how many clicked.
    """

    ads: list[Ad]
    spent: Spent
    titles: dict[str, str]
    now: datetime
    outcomes: Mapping[str, tuple[int, int, int]]


def view(workspace: Workspace, books: Books) -> None:
    """List the ads, open one, bring a table of them in."""
    if not books.ads:
        with st.container(border=True):
            st.subheader("There are no ads yet", anchor=False)
            st.markdown("Book the first one below, or bring a table of them.")
    else:
        _listing(workspace, books)
    _opened(workspace, books)
    _import(workspace)


def _listing(workspace: Workspace, books: Books) -> None:
    states = [ad_words.state(ad, books.now, books.spent) for ad in books.ads]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sought = st.text_input(
            "Search", key="ads-search", placeholder="Title, id, advertiser or item", width=280
        )
        wanted = _state(states)
        export.menu(
            [export.Sheet("All ads", "ads", lambda: bookings.table(workspace))],
            key="ads",
            note="A table that can be changed in a spreadsheet and brought back below. ",
        )
    found = [
        ad
        for ad, now in zip(books.ads, states, strict=True)
        if wanted in {None, now} and sought.casefold().strip() in _text(ad, books).casefold()
    ]
    if not found:
        st.info("No ad is like that.", icon=":material/search_off:")
        return
    ids = tuple(ad.id for ad in found)
    key = f"ads-table-{sought}-{wanted}"
    st.dataframe(
        table(found, books),
        hide_index=True,
        alt=f"{count(len(found), 'ad')} with state, budgets and flight",
        placeholder="–",
        column_config=COLUMNS,
        key=key,
        on_select=lambda: _open(key, ids),
        selection_mode="single-row",
    )
    st.caption(
        "Choose a row to look at an ad or change it. Decisions: how often it was given to a website; seen and clicked: how "
        "many of them the website told so of. Days are in UTC; money is in your shop's currency."
    )


def _state(states: list[str]) -> str | None:
    """Ask for a state, where there is more than one."""
    there = [one for one in ad_words.STATES if one in states]
    if len(there) < 2:
        return None
    return st.pills("State", there, format_func=lambda one: f"{one} ({states.count(one):,})", key="ads-state")


def table(ads: list[Ad], books: Books) -> pd.DataFrame:
    """The ads as a person reads them."""
    rows = []
    for ad in ads:
        today, ever = books.spent.get(ad.id, (0.0, 0.0))
        decided, seen, clicked = books.outcomes.get(ad.id, (0, 0, 0))
        rows.append(
            {
                "Ad": ad.title,
                "State": ad_words.standing(ad, books.now, books.spent),
                "Decisions": decided,
                "Seen": seen,
                "Clicked": clicked,
                "Daily budget used": _share(today, ad.daily_budget),
                "Whole budget used": _share(ever, ad.total_budget),
                "Spent today": today,
                "Spent ever": ever,
                "Costs": ad_words.price(ad),
                "Flight": ad_words.flight(ad),
                "Promotes": ad_words.promotes(ad, books.titles),
                "Advertiser": ad.advertiser or ("the house" if ad.house else ""),
                "Id": ad.id,
            }
        )
    return pd.DataFrame(rows)


def _share(spent: float, budget: float | None) -> float | None:
    if budget is None:
        return None
    return min(spent / budget, 1.0) if budget > 0 else 1.0


def _text(ad: Ad, books: Books) -> str:
    return " ".join((ad.id, ad.title, ad.advertiser, ad_words.promotes(ad, books.titles), ad.item or ""))


def _open(key: str, ids: tuple[str, ...]) -> None:
    chosen = state.chosen(key)
    rows = chosen["selection"]["rows"] if isinstance(chosen, dict) else []
    if rows:
        st.query_params[AD] = ids[rows[0]]
    else:
        st.query_params.pop(AD, None)


def _opened(workspace: Workspace, books: Books) -> None:
    """The ad that the address names, an empty form where it names none by ``, or the button that opens one."""
    asked = st.query_params.get(AD)
    if asked is None:
        if st.button("Book an ad", icon=":material/add:", key="ad-new"):
            st.query_params[AD] = ""
            st.rerun()
        return
    found = next((ad for ad in books.ads if ad.id == asked), None)
    if asked and found is None:
        st.warning(f"There is no ad “{md(asked)}” here.", icon=":material/link_off:")
        return
    with st.container(border=True):
        if found is not None:
            st.subheader(md(found.title), anchor=False)
            st.caption(
                f"{md(found.id)} · {md(ad_words.standing(found, books.now, books.spent))} · billed "
                f"{_billed(found, books.spent)}"
            )
            _actions(workspace, found)
        else:
            st.subheader("Book an ad", anchor=False)
        ad_form.form(workspace, found, books.ads, books.titles)


def _billed(ad: Ad, spent: Spent) -> str:
    today, ever = spent.get(ad.id, (0.0, 0.0))
    return f"{ad_words.money(today)} today, {ad_words.money(ever)} ever"


def _actions(workspace: Workspace, ad: Ad) -> None:
    with st.container(horizontal=True):
        label, icon = ("Let it go on", "play_arrow") if ad.paused else ("Pause it", "pause")
        if st.button(label, icon=f":material/{icon}:", key="ad-pause"):
            bookings.pause(workspace, ad.id, paused=not ad.paused)
            state.choose(state.ADS_CHANGED, True)
            state.tell(f"{ad.title} {'goes on' if ad.paused else 'is paused'}.")
            st.rerun()
        with st.popover("Withdraw it", icon=":material/delete:"):
            st.markdown("It is never shown again. What was shown of it stays in the log of decisions.")
            if st.button("Yes, withdraw it", key="ad-withdraw"):
                bookings.withdraw(workspace, ad.id)
                state.choose(state.ADS_CHANGED, True)
                st.query_params.pop(AD, None)
                state.tell(f"{ad.title} is withdrawn.")
                st.rerun()
        if st.button("Close", icon=":material/close:", key="ad-close", type="tertiary"):
            st.query_params.pop(AD, None)
            st.rerun()


def _import(workspace: Workspace) -> None:
    with st.expander(
        "Bring a table of ads", icon=":material/upload_file:", key="ads-import", on_change="rerun"
    ) as part:
        if not part.open:
            return
        st.markdown(
            "One row an ad: `id` and `title`, and any of `item` or `category`, `link`, `advertiser`, `bid`, "
            "`billing` (click or decision), `starts`, `ends`, `slots`, `segments`, `attributes`, `daily_budget`, "
            "`total_budget`, `cap_per_day`, `house`, `paused`. An ad whose id is here already is replaced."
        )
        kept = intake.received(workspace, "Table of ads", FILE)
        if kept is not None and st.button(
            "Book them", type="primary", icon=":material/check:", key="ads-book"
        ):
            found = bookings.import_file(workspace, kept.path)
            intake.forget_upload(FILE)
            (st.success if found.booked else st.warning)(md(found.sentence))
            if len(found.refused):
                show.numbers(found.refused, alt="The rows that are no ads, and why", key="refused-ads")

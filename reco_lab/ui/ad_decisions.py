"""The Decisions tab: the log searched, and one decision read."""

from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import streamlit as st

from reco_lab.core.events import Decision
from reco_lab.services import bookings, decisions
from reco_lab.services.decisions import Sought
from reco_lab.ui import ad_status, cache, decision_words, state
from reco_lab.ui.words import count, joined, md, when
from reco_lab.workspace import Workspace

DECISION = "decision"
PATIENCE = 3.0
_PAGE = "_decisions_after"
_MISSED = "_decision_missed"


def view(workspace: Workspace) -> None:
    """Search the log, open one decision."""
    titles = {ad.id: ad.title for ad in bookings.ads(workspace)}
    if asked := st.query_params.get(DECISION):
        _opened(workspace, asked, titles)
    sought = _asked(titles)
    after = state.chosen(_PAGE)
    trail = after if isinstance(after, tuple) and after[0] == sought else (sought,)
    found = decisions.search(
        workspace, cache.events(workspace), sought, str(trail[-1]) if len(trail) > 1 else None
    )
    if not found:
        restricted = sought != Sought()
        st.info(
            "No decision is like that."
            if restricted
            else "No decision was made yet: ask for ads in “Try it”.",
            icon=":material/search_off:" if restricted else ":material/hourglass_empty:",
        )
        return
    ids = tuple(one.request_id for one in found)
    key = f"decisions-{ids[0]}-{ids[-1]}"
    st.dataframe(
        table(found, titles),
        hide_index=True,
        alt=f"{count(len(found), 'decision')}, newest first",
        placeholder="–",
        key=key,
        on_select=lambda: _open(key, ids),
        selection_mode="single-row",
    )
    st.caption("Choose a row to read why. Customers stand here by their pseudonyms; times are in UTC.")
    with st.container(horizontal=True):
        if len(trail) > 1:
            st.button(
                "Newer", icon=":material/chevron_left:", on_click=state.choose, args=(_PAGE, trail[:-1])
            )
        if len(found) == decisions.PAGE:
            st.button(
                "Older",
                icon=":material/chevron_right:",
                on_click=state.choose,
                args=(_PAGE, (*trail, ids[-1])),
            )


def table(found: list[Decision], titles: dict[str, str]) -> pd.DataFrame:
    """Decisions as a person reads them."""
    return pd.DataFrame(
        [
            {
                "When": f"{one.at:%d %b %H:%M:%S}".lstrip("0"),
                "Slot": one.slot or "unnamed",
                "Ads": " · ".join(titles.get(each.ad_id, each.ad_id) for each in one.placed) or "none",
                "Ranked by": one.stage.value,
                "Policy": ad_status.policy_label(one.policy),
                "Customer": one.customer or "(not kept)",
                "Version": one.model_version,
                "Took (ms)": one.latency_us / 1000,
                "Request": one.request_id,
            }
            for one in found
        ]
    )


def _asked(titles: dict[str, str]) -> Sought:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        customer = st.text_input(
            "Customer",
            key="decisions-customer",
            width=220,
            help="An id as the website sends it, or a pseudonym.",
        )
        ad = st.selectbox(
            "Ad",
            list(titles),
            None,
            format_func=lambda one: f"{titles[one]} · {one}",
            key="decisions-ad",
            placeholder="any",
            width=230,
        )
        slot = st.text_input("Slot", key="decisions-slot", width=110)
        first = st.date_input("From", None, key="decisions-since", width=135)
        last = st.date_input("To", None, key="decisions-until", width=135)
    return Sought(
        joined(customer or "").strip(),
        ad or "",
        (slot or "").strip(),
        _midnight(first),
        (end + timedelta(days=1)) if (end := _midnight(last)) else None,
    )


def _midnight(day: object) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if isinstance(day, date) else None


def _open(key: str, ids: tuple[str, ...]) -> None:
    chosen = state.chosen(key)
    rows = chosen["selection"]["rows"] if isinstance(chosen, dict) else []
    if rows:
        st.query_params[DECISION] = ids[rows[0]]
    else:
        st.query_params.pop(DECISION, None)


def _opened(workspace: Workspace, asked: str, titles: dict[str, str]) -> None:
    known_to_be_gone = state.chosen(_MISSED) == asked
    found = decisions.one(cache.events(workspace), asked, 0.0 if known_to_be_gone else PATIENCE)
    if found is None:
        state.choose(_MISSED, asked)
        st.warning(f"There is no decision “{md(asked)}” in the log.", icon=":material/link_off:")
        return
    decision, came = found
    lines = decision_words.why(decision, ad_status.policy_label(decision.policy), titles, came)
    with st.container(border=True, key="why"):
        st.header(
            "Why did she see this ad?" if len(decision.placed) == 1 else "Why did she see these ads?",
            anchor=False,
        )
        st.markdown("\n".join(f"- {md(line)}" for line in lines))
        st.caption(
            f"Request {md(decision.request_id)} · candidates {md(decision.candidates)} · {when(decision.at)} UTC"
        )

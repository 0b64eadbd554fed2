"""The Try it tab: the real service asked for one customer, what it answered and why, and what she does next."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

from reco_lab.core.events import Stage
from reco_lab.services import bookings, decisions
from reco_lab.services.ad_calls import Caller
from reco_lab.services.onlooking import Ranked
from reco_lab.ui import ad_status, cache, decision_words, linked, page, show, state
from reco_lab.ui.ad_status import Status
from reco_lab.ui.words import md
from reco_lab.workspace import Workspace

USER, SLOT, PLACES = "user", "slot", "places"
ANYWHERE = ""
FIRST = 300
SHOWN = 500
_ASKED = "_asked"
_OF = "_asked_of"


@dataclass(frozen=True)
class Asked:
    """An answer of the service with the table of all ads before it, and what was in the answer before that one."""

    user: str
    slot: str
    answer: Mapping[str, Any]
    milliseconds: float
    stage: Stage
    table: pd.DataFrame
    before: tuple[str, ...] | None = None
    did: str = ""


def view(lab: page.Lab, now: Status) -> None:
    """Ask for a customer's ads, show the answer, let her click and buy."""
    if now.caller is None:
        st.markdown("Once the service runs, ask it here for the ads of any customer.")
        return
    if not bookings.ads(lab.workspace):
        st.markdown("There are no ads to show yet: book some in the tab “Ads”.")
        return
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        user, slot, places = _customer(lab, now), _slot(lab.workspace), _places()
        pressed = st.button(
            "Ask for ads",
            type="primary" if now.plan is not None else "secondary",
            icon=":material/ads_click:",
            key="ask",
        )
    if pressed:
        state.choose(_ASKED, ask(lab.workspace, now.caller, user, slot, places))
    asked = state.chosen(_ASKED)
    if isinstance(asked, Asked) and (asked.user, asked.slot) == (user, slot):
        _shown(lab.workspace, now.caller, asked, places)
    else:
        st.caption(
            "This is a real request, as a website would send it: it is logged, it counts for budgets and caps."
        )


def ask(workspace: Workspace, caller: Caller, user: str, slot: str, places: int) -> Asked:
    """Look how all ads stand, then ask the service."""
    ranked = cache.onlooker(workspace).rank(user, slot)
    called = caller.ads(user, slot, places)
    return Asked(user, slot, called.body, called.milliseconds, ranked.stage, standings(ranked, called.body))


def standings(ranked: Ranked, answer: Mapping[str, Any]) -> pd.DataFrame:
    """Every ad (the first 500): its place in the answer, or why it has none."""
    places = {str(one["ad_id"]): int(one["position"]) + 1 for one in answer.get("ads", ())}
    chosen = sorted(ranked.ads, key=lambda one: places.get(one.ad.id, len(places) + 1))
    rows = []
    best_first = {one.ad.id: number for number, one in enumerate(ranked.ads, start=1) if not one.kept_out}
    for one in chosen[:SHOWN]:
        rank = best_first.get(one.ad.id, 0)
        rows.append(
            {
                "Ad": one.ad.title,
                "Outcome": decision_words.outcome(one, places.get(one.ad.id), rank),
                "Rank score": one.score,
                "Id": one.ad.id,
            }
        )
    return pd.DataFrame(rows)


def _customer(lab: page.Lab, now: Status) -> str:
    data = ad_status.served(lab, now.plan)
    first = [] if data is None else [str(one) for one in data.interactions.user_ids[:FIRST]]
    if now.plan is not None and state.taken(_OF) not in {None, now.plan.dataset}:
        st.query_params.pop(USER, None)  # a customer of what served before
        state.taken(USER)
    state.choose(_OF, now.plan.dataset if now.plan else None)
    named = (st.query_params.get(USER), state.chosen(USER))
    options = dict.fromkeys([*(str(one).strip() for one in named if one and str(one).strip()), *first])
    if not options:
        return st.text_input("Customer", "somebody", key=USER, max_chars=256).strip() or "somebody"
    with st.container(width=280):
        return linked.choice(
            "Customer",
            {one: one for one in options},
            key=USER,
            noun="customer",
            help_text="Choose one, or type any id: also of somebody whom nobody knows yet.",
            typed=True,
        )


def _slot(workspace: Workspace) -> str:
    slots = sorted({slot for ad in bookings.ads(workspace) for slot in ad.slots})
    return (
        st.selectbox(
            "Slot",
            [ANYWHERE, *slots],
            format_func=lambda one: one or "unnamed",
            key=SLOT,
            accept_new_options=True,
            width=160,
            help="The place on the website, by the name it asks with.",
        )
        or ANYWHERE
    )


def _places() -> int:
    return int(st.number_input("Ads", 1, 20, 3, key=PLACES, width=110))


def _shown(workspace: Workspace, caller: Caller, asked: Asked, places: int) -> None:
    ads = list(asked.answer.get("ads", ()))
    if asked.did:
        st.success(md(asked.did + _moved(asked, ads)), icon=":material/sync:")
    st.header(md(headline(asked)), anchor=False)
    st.caption(
        f"Policy: {md(ad_status.policy_label(str(asked.answer.get('policy', ''))))} · version "
        f"{md(asked.answer.get('model_version', ''))}{_deciding(workspace, asked)} · request "
        f"{md(asked.answer.get('request_id', ''))}"
    )
    if not ads:
        st.info("No ad may be shown to this customer here; the table says why.", icon=":material/block:")
    with st.grid(3, min_column_width=220):
        for one in ads:
            _card(workspace, caller, asked, one, places)
    st.subheader("Every ad, and why it won or lost", anchor=False)
    show.numbers(
        asked.table,
        alt="Every ad with its place in the answer, or why it has none",
        key="standings",
        columns={"Rank score": st.column_config.NumberColumn(format="%.3f")},
    )
    st.caption(
        "As things stood just before the request. The rank score is relevance times appeal, .5 for an average ad, and "
        "times the ad's price as far as “Policy” lets it count."
    )


def headline(asked: Asked) -> str:
    """How fast, and who ranked."""
    fallback = asked.answer.get("fallback")
    stage = Stage(fallback) if fallback else Stage.model
    return f"Answered in {asked.milliseconds:.0f} ms: {decision_words.ranked_by(stage)}."


def _deciding(workspace: Workspace, asked: Asked) -> str:
    """How much of the time was deciding, once the log has it; the rest is the way there and back."""
    found = decisions.one(cache.events(workspace), str(asked.answer.get("request_id", "")))
    return f" · deciding took {found[0].latency_us / 1000:.2f} ms" if found else ""


def _moved(asked: Asked, ads: list[Mapping[str, Any]]) -> str:
    before, now = set(asked.before or ()), {str(one["title"]) for one in ads}
    if before == now:
        return " The next answer has the same ads."
    new, gone = sorted(now - before), sorted(before - now)
    told = [f"new: {', '.join(new)}"] if new else []
    told += [f"gone: {', '.join(gone)}"] if gone else []
    return f" The next answer changed; {'; '.join(told)}."


def _card(workspace: Workspace, caller: Caller, asked: Asked, one: Mapping[str, Any], places: int) -> None:
    place, ad_id = int(one["position"]) + 1, str(one["ad_id"])
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{place}. {md(one['title'])}**")
        if one.get("reason"):
            st.caption(md(one["reason"]))
        with st.container(horizontal=True, gap="small"):
            for label, icon, kinds, deed, words in (
                ("She clicked", "ads_click", ("impression", "click"), "click", "clicked"),
                ("She bought", "shopping_bag", ("impression", "click", "conversion"), "purchase", "bought"),
            ):
                if st.button(
                    label, icon=f":material/{icon}:", key=f"{deed}-{place}-{ad_id}", type="tertiary"
                ):
                    item = next((ad.item for ad in bookings.ads(workspace) if ad.id == ad_id), None)
                    caller.happened(str(one["decision_id"]), *kinds)
                    if item is not None:
                        caller.did(asked.user, item, deed)
                    again = ask(workspace, caller, asked.user, asked.slot, places)
                    before = tuple(str(each["title"]) for each in asked.answer.get("ads", ()))
                    done = f"She {words} “{one['title']}”."
                    state.choose(_ASKED, replace(again, before=before, did=done))
                    st.rerun()

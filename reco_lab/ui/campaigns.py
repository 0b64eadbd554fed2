"""The Campaigns page: the campaigns there are with their state, or one of them from its goal to its file."""

import pandas as pd
import streamlit as st

from reco_lab.campaigns.spec import Campaign
from reco_lab.services import campaigns
from reco_lab.services.campaign_results import judgement
from reco_lab.store.campaigns import CampaignRecord
from reco_lab.ui import campaign_action, campaign_plan, campaign_results, campaign_what, page, show, state
from reco_lab.ui.campaign_plan import AUDIENCE, CAMPAIGN, NEW, STEP, STEPS, Table
from reco_lab.ui.words import count, day, md

LIST = "campaigns-list"


def view(lab: page.Lab) -> None:
    """The list, or the campaign that the address names; without any campaign a new one is begun."""
    there = campaigns.listing(lab.workspace, lab.chosen.name)
    asked = st.query_params.get(CAMPAIGN)
    if asked is None and AUDIENCE in st.query_params:
        asked = st.query_params[CAMPAIGN] = NEW
    if asked is None and there:
        _listing(there)
        return
    found = next((one for one in there if one.id == asked), None)
    if found is None and asked not in {None, NEW}:
        st.warning(
            f"There is no campaign “{md(asked)}” here. A new one is shown instead.",
            icon=":material/link_off:",
        )
    _one(lab, None if found is None else campaigns.saved(lab.workspace, found.id), several=bool(there))


def _listing(there: list[CampaignRecord]) -> None:
    made = sum(one.artefact is not None for one in there)
    told = next((one for one in there if one.result is not None), None)
    words = f"{count(len(there), 'campaign')}, {made or 'none'} with lists to send"
    show.answer(
        words if told is None else f"“{told.title}”: {standing(told)}", "" if told is None else f"{words}."
    )
    if st.button("Plan a campaign", type="primary", icon=":material/add:", key="campaign-new"):
        _begin()
        st.rerun()
    ids = tuple(one.id for one in there)
    st.dataframe(
        pd.DataFrame(
            [{"Campaign": one.title, "State": _briefly(one), "Changed": day(one.changed)} for one in there]
        ),
        hide_index=True,
        alt=f"{count(len(there), 'campaign')} with their states",
        key=LIST,
        on_select=lambda: _open(ids),
        selection_mode="single-row",
    )
    st.caption("Choose a row to go on with a campaign.")


def _briefly(one: CampaignRecord) -> str:
    """The same in a few words, for a table: a sentence would be cut off there."""
    return standing(one) if one.result is None else campaign_results.caption(judgement(one))


def standing(one: CampaignRecord) -> str:
    """Where a campaign stands, in a sentence."""
    if one.result is not None:
        return str(one.result.get("sentence", "It has a result"))
    return "Draft" if one.artefact is None else f"Lists made on {day(one.changed)}"


def _open(ids: tuple[str, ...]) -> None:
    chosen = state.chosen(LIST)
    rows = chosen["selection"]["rows"] if isinstance(chosen, dict) else []
    if rows:
        st.query_params[CAMPAIGN] = ids[rows[0]]


def _begin() -> None:
    state.drop_draft()
    st.query_params[CAMPAIGN] = NEW


def _one(lab: page.Lab, found: tuple[CampaignRecord, Campaign] | None, *, several: bool) -> None:
    """One campaign: its answer and its one action above, then the steps in a row, then what the chosen one asks."""
    if found is None and state.draft() is None and not campaign_what.trained(lab).labels:
        campaign_what.training(lab)
        return
    on = campaign_plan.table(lab, found)
    top, rail, main = st.container(), st.container(), st.container()
    name = _at()
    with main, page.guard(lab.workspace):
        campaign_plan.step(on, name)
    kept = state.draft() or on.draft
    campaign = kept.campaign
    with rail:
        _rail(on, campaign)
    with top:
        if several:
            _way_back(campaign)
        campaign_action.view(on, campaign)


def _at() -> str:
    """The step that is chosen, or that the address names."""
    if state.chosen(STEP) not in STEPS:
        asked = st.query_params.get(STEP)
        state.choose(STEP, asked if asked in STEPS else next(iter(STEPS)))
    return str(state.chosen(STEP))


def _rail(on: Table, campaign: Campaign) -> None:
    told = campaign_plan.captions(on, campaign)
    st.query_params[STEP] = st.radio(
        "Steps",
        list(STEPS),
        format_func=lambda one: f"{list(STEPS).index(one) + 1}. {STEPS[one]}",
        captions=[md(told[one]) for one in STEPS],
        key=STEP,
        horizontal=True,
        label_visibility="collapsed",
    )


def _way_back(campaign: Campaign) -> None:
    """Which campaign this is, and the way to the others."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("All campaigns", type="tertiary", icon=":material/arrow_back:", key="campaign-all"):
            state.drop_draft()
            st.query_params.pop(CAMPAIGN, None)
            st.rerun()
        st.markdown(f"**{md(campaign.title)}**", width="content")

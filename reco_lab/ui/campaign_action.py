"""The answer of a campaign with its one action: the plan and "Make the lists", then what was made and "Download"."""

from dataclasses import replace
from typing import Literal

import streamlit as st

from reco_lab.campaigns.spec import Campaign
from reco_lab.core.errors import InputError
from reco_lab.services import campaign_lists, campaigns
from reco_lab.services.campaign_lists import Prepared
from reco_lab.store.records import JobState
from reco_lab.ui import campaign_export, campaign_plan, campaign_results, export, show, state
from reco_lab.ui.campaign_plan import CAMPAIGN, STEP, Table
from reco_lab.ui.words import md, when


def view(on: Table, campaign: Campaign) -> None:
    """Say what the campaign is, and offer the next thing to do."""
    made = on.made
    if made is not None and on.as_kept(campaign):
        _made(on, made)
        return
    try:
        show.answer(*campaign_plan.headline(on, campaign))
    except InputError as error:
        show.mistake(error)
        return
    busy = _busy(on)
    if made is not None:
        st.warning(
            "It was changed after its lists were made. Making them again replaces them and what is known of their "
            "effect.",
            icon=":material/edit:",
        )
    with st.container(horizontal=True):
        if st.button(
            "Make the lists" if made is None else "Make the lists again",
            type="primary",
            icon=":material/playlist_add_check:",
            key="make",
            disabled=busy,
            on_click=state.choose,
            args=(STEP, "preview"),
        ):
            _make(on, campaign)
        if (
            made is None
            and not busy
            and not on.as_kept(campaign)
            and st.button("Keep as a draft", icon=":material/save:", key="keep")
        ):
            _keep(on, campaign)
        if made is None and not busy:
            _delete(on, campaign.title)
        if made is not None and st.button("Keep both", icon=":material/content_copy:", key="both"):
            _make(replace(on, draft=replace(on.draft, id="")), campaign)


def _made(on: Table, made: Prepared) -> None:
    found = on.judgement
    kind: Literal["primary", "secondary"] = "primary" if found is None else "secondary"
    if found is not None:
        show.answer(*campaign_results.headline(found))
    else:
        show.answer(made.sentence, f"Made on {when(made.facts['prepared'])}. {_knowable(on, made)}")
    with st.container(horizontal=True):
        export.button(campaign_export.first(on.lab.workspace, made, on.key), key=f"{on.key}-top", kind=kind)
        _delete(on, made.campaign.title)
    if made.campaign.fingerprint != on.lab.chosen.fingerprint:
        st.info(
            "The data are newer than these lists. If they were sent, keep them: by them is told what the campaign did. "
            "Otherwise change the campaign to make them anew.",
            icon=":material/update:",
        )


def _delete(on: Table, title: str) -> None:
    """Delete a kept campaign, once that is said twice."""
    if on.record is None:
        return
    with st.popover("Delete", icon=":material/delete:"):
        st.markdown("Its lists and what is known of its effect go with it.")
        if st.button("Yes, delete it", key="campaign-delete"):
            campaigns.delete(on.lab.workspace, on.record.id)
            state.drop_draft()
            st.query_params.pop(CAMPAIGN, None)
            state.tell(f"{title} is deleted.")
            st.rerun()


def _keep(on: Table, campaign: Campaign) -> None:
    """Keep a plan whose lists are not made yet."""
    id_ = campaigns.save(on.lab.workspace, campaign, on.draft.id or None)
    state.keep_draft(state.Draft(campaign, id_))
    st.query_params[CAMPAIGN] = id_
    state.tell(f"{campaign.title} is kept as a draft.")
    st.rerun()


def _knowable(on: Table, made: Prepared) -> str:
    """What can be known afterwards; who is held back, where what it rests on is not there any more."""
    try:
        return (
            campaign_plan.chance(on.plan(made.campaign), made.campaign.goal.days)
            if made.facts["held"]
            else made.facts["control"]
        )
    except InputError:
        return str(made.facts["control"])


def _busy(on: Table) -> bool:
    """Whether its lists are being made; says why the last try ended without them."""
    job = campaign_lists.job_of(on.lab.workspace, on.draft.id) if on.draft.id else None
    if job is not None and job.state is JobState.failed:
        reference = f" The details are in the log under **{md(job.reference)}**." if job.reference else ""
        st.error(md(job.error) + reference, title="The lists could not be made", icon=":material/error:")
    if job is not None and job.state is JobState.cancelled:
        st.info("Making the lists was cancelled.", icon=":material/cancel:")
    return job is not None and job.live


def _make(on: Table, campaign: Campaign) -> None:
    workspace = on.lab.workspace
    id_ = campaigns.save(workspace, campaign.model_copy(update={"fingerprint": ""}), on.draft.id or None)
    campaign_lists.submit(workspace, id_)
    state.keep_draft(state.Draft(campaign, id_))
    st.query_params[CAMPAIGN] = id_
    st.rerun()

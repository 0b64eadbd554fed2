"""The strip of steps from data to a campaign, and the one thing to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from reco_lab.store.campaigns import CampaignRecord
from reco_lab.store.records import DatasetVersion, ExperimentRecord
from reco_lab.ui import page, show
from reco_lab.ui.words import md


@dataclass(frozen=True)
class Step:
    """One step: whether it is done, what it found, and where it is taken."""

    title: str
    words: str
    done: bool
    page: Path
    button: str


def strip(
    version: DatasetVersion,
    latest: ExperimentRecord | None,
    campaigns: Sequence[CampaignRecord],
    *,
    running: bool,
) -> None:
    """Draw the steps with what is done, and a card for the next one."""
    steps = _steps(version, latest, campaigns, running=running)
    following = next((step for step in steps if not step.done), steps[-1])
    with st.grid(len(steps), min_column_width=170):
        for number, step in enumerate(steps, start=1):
            with st.container(gap="xxsmall"):
                st.page_link(step.page, label=f"{_mark(step, following)} **{number}. {step.title}**")
                st.caption(md(step.words))
    if running and latest is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Next step:** {md(_next(following))}", width="stretch")
        if st.button(following.button, type="primary", icon=":material/arrow_forward:"):
            show.go(following.page)


def _steps(
    version: DatasetVersion,
    latest: ExperimentRecord | None,
    campaigns: Sequence[CampaignRecord],
    *,
    running: bool,
) -> tuple[Step, ...]:
    waiting = "Is running now" if running else "Nothing compared yet"
    ready = next((one for one in campaigns if one.artefact is not None), None)
    return (
        Step("Data", page.size(version), done=True, page=page.DATA, button="Bring data"),
        Step(
            "Compare",
            f"“{latest.name}” is done" if latest else waiting,
            done=latest is not None,
            page=page.EXPERIMENT,
            button="Compare recommenders",
        ),
        Step(
            "See a customer",
            "One customer, several lists side by side" if latest else "Needs a comparison",
            done=False,
            page=page.CUSTOMER,
            button="Look at a customer",
        ),
        Step(
            "Make a campaign",
            f"“{ready.title}” has its lists" if ready else _campaign(latest, campaigns),
            done=ready is not None,
            page=page.CAMPAIGNS,
            button="Plan a campaign",
        ),
    )


def _campaign(latest: ExperimentRecord | None, campaigns: Sequence[CampaignRecord]) -> str:
    if campaigns:
        return f"“{campaigns[0].title}” has no lists yet"
    return "Lists for your mailing tool" if latest else "Needs a comparison"


def _mark(step: Step, following: Step) -> str:
    if step.done:
        return ":green[:material/check_circle:]"
    return (
        ":blue[:material/radio_button_checked:]" if step is following else ":material/radio_button_unchecked:"
    )


def _next(step: Step) -> str:
    return {
        "Compare": "let several recommenders learn from this data and see which one is really better.",
        "See a customer": "see what each recommender would show to one customer, and why.",
    }.get(step.title, step.words)

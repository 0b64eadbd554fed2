"""The board of running work: how far it is, how long it still takes, and a way to stop it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from reco_lab.jobs.start import ensure_worker
from reco_lab.services import tuning
from reco_lab.store.records import Job, JobState
from reco_lab.ui import page, show, state, tuned
from reco_lab.ui.words import md, time_left
from reco_lab.workspace import Workspace

EVERY = 1.0
RECENT = 20


def running(workspace: Workspace) -> bool:
    """Show all work that waits or runs, brought up to date every second; False where there is none.

    When a job ends the whole page is drawn anew, so that what it found appears.
    """
    watched = tuple(job.id for job in workspace.queue.recent(RECENT) if job.live)
    with st.container():  # a place that is there always: what moves closes what a person had open below
        if watched:
            watch: Callable[[], None] = partial(_watch, workspace, watched)
            st.fragment(run_every=EVERY, key="board")(watch)()
    return bool(watched)


def comparing(workspace: Workspace, dataset: str) -> bool:
    """Whether recommenders are being compared on a data set now; other work, such as a calibration, is not meant."""
    return any(
        _asked(job).get("data", {}).get("dataset") == dataset
        for job in workspace.queue.recent(RECENT)
        if job.live
    )


def ended(workspace: Workspace, dataset: str) -> bool:
    """Say how the last work on a data set ended: its finding (True), its failure with the reason, or its cancelling."""
    jobs = workspace.queue.recent(RECENT)
    last = next((job for job in jobs if _asked(job).get("data", {}).get("dataset") == dataset), None)
    if last is None:
        return False
    if last.state is JobState.failed:
        reference = f" The details are in the log under **{md(last.reference)}**." if last.reference else ""
        st.error(md(last.error) + reference, title="The last experiment failed", icon=":material/error:")
    if last.state is JobState.cancelled:
        kept = "The last experiment was cancelled. What was finished before is kept."
        st.info(kept, icon=":material/cancel:")
    if last.state is not JobState.done or not last.result:
        return False
    _finding(last.result)
    return True


def _finding(result: Mapping[str, Any]) -> None:
    """What was found, with the way to it; green only where something is decided."""
    with st.container(border=True):
        box = st.success if result.get("decided") else st.info
        box(
            md(result.get("plain") or result.get("sentence", "")),
            title="The last experiment is done",
            icon=":material/check_circle:",
        )
        if st.button("See which is better", type="primary", icon=":material/leaderboard:", key="see"):
            show.go(page.COMPARE, {state.EXPERIMENT: str(result.get("id", ""))})


def _watch(workspace: Workspace, watched: tuple[str, ...]) -> None:
    with page.guard(workspace):
        ensure_worker(workspace)
        jobs = [workspace.queue.get(ident) for ident in watched]
        for job in jobs:
            if job.live:
                _card(workspace, job)
        if not all(job.live for job in jobs):
            st.rerun()


def _asked(job: Job) -> Mapping[str, Any]:
    """The question that a job answers."""
    asked = job.payload.get("experiment")
    return asked if isinstance(asked, Mapping) else {}


def _name(job: Job) -> str:
    """What a job is called: by its own name, or that of the question it answers."""
    return str(job.payload.get("name") or _asked(job).get("name", job.kind))


def _cancel(workspace: Workspace, ident: str) -> None:
    workspace.queue.cancel(ident)


def _card(workspace: Workspace, job: Job) -> None:
    with st.container(border=True):
        head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        waits = job.state is JobState.queued
        doing = "Waiting for its turn" if waits else "Running"
        head.markdown(f"**{doing}**: {md(_name(job))}", width="content")
        head.button(
            "Stopping…" if job.cancelling else "Cancel",
            key=f"cancel-{job.id}",
            icon=":material/close:",
            disabled=job.cancelling,
            on_click=_cancel,
            args=(workspace, job.id),
        )
        told = (md(job.message), time_left(job.seconds_left))
        words = "" if waits else " · ".join(part for part in told if part) or "Starting…"
        st.progress(min(1.0, max(0.0, job.fraction)), text=words or None)
        if studies := job.payload.get("studies"):
            with st.expander("What tuning has found so far", icon=":material/tune:"):
                tuned.history(tuning.under_way(workspace, job), studies["headline"])
        if job.interrupted:
            st.warning(
                "The work was interrupted (its process ended) and has been taken up again.",
                icon=":material/restart_alt:",
            )
        st.caption("It goes on when you leave this page or close the browser.")

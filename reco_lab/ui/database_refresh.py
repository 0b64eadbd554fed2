"""What is new in the database that a data set came from, brought with a button."""

import streamlit as st

from reco_lab.services import refreshing
from reco_lab.store.records import JobState
from reco_lab.ui import page, show
from reco_lab.ui.words import md, when
from reco_lab.workspace import Workspace


def offer(lab: page.Lab) -> None:
    """Say where the data set came from, and offer to read it again; nothing for one of no database."""
    origin = refreshing.origin_of(lab.workspace, lab.chosen)
    if origin is None:
        return
    named = ".".join(filter(None, origin.table)) if origin.table else "a query"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/database: It comes from **{md(named)}** of the database connection “{md(origin.database)}”.",
            width="stretch",
        )
        if origin.grows_by and st.button("Bring what is new", icon=":material/update:", key="refresh"):
            _begin(lab, anew=False)
        if st.button("Read everything anew", icon=":material/refresh:", key="refresh-anew", type="tertiary"):
            _begin(lab, anew=True)
    with st.container():
        _last(lab.workspace, lab.chosen.name)


def _begin(lab: page.Lab, *, anew: bool) -> None:
    refreshing.submit(lab.workspace, lab.chosen.name, anew=anew)
    st.rerun()


def _last(workspace: Workspace, name: str) -> None:
    job = refreshing.job_of(workspace, name)
    if job is None or job.live:
        return
    if job.state is JobState.failed:
        st.error(
            md(job.error), title="The database was not read; the data are as before", icon=":material/error:"
        )
    elif job.result:
        st.caption(f"Last read {when(job.submitted)}: {md(job.result['sentence'])}")
        show.warnings(tuple(job.result.get("notes", ())))

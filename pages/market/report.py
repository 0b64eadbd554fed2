"""Report: the story of a comparison with real customers in it, to read, to show and to send."""

import streamlit as st

from reco_lab.services import demo, experiments
from reco_lab.ui import board, linked, page, records, report, show, state
from reco_lab.ui.report_told import Told

with page.open("Report") as lab:
    if not show.presenting():
        board.running(lab.workspace)
    done = (
        [] if lab.version is None else records.finished(experiments.listing(lab.workspace, lab.version.name))
    )
    if not done:
        show.empty(
            "There is no story to tell yet",
            "After a comparison, this page tells what was found, with real customers in it, to show and to send.",
            page=page.DATA if lab.version is None else page.EXPERIMENT,
            label="Bring your data" if lab.version is None else "Compare recommenders",
            icon=":material/experiment:",
        )
        if lab.version is None and st.button("Load the demo shop", icon=":material/storefront:"):
            with st.spinner("Setting up the demo shop…"):
                demo.submit_demo(lab.workspace)
            st.rerun()
        st.stop()

    if show.presenting():
        known = {one.id for one in done}
        asked = st.query_params.get(state.EXPERIMENT, "")
        chosen = asked if asked in known else done[0].id
    else:
        chosen = linked.choice("Experiment", records.labels(done), key=state.EXPERIMENT, noun="experiment")
    told = Told.of(lab, chosen)
    if told is None:
        show.empty(
            "This comparison holds nothing personal to tell of",
            "It needs popular items and at least one recommender that tells customers apart.",
            page=page.EXPERIMENT,
            label="Compare recommenders",
            icon=":material/experiment:",
        )
        st.stop()
    (report.slides if show.presenting() else report.whole)(told)

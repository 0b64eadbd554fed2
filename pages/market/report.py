"""Report: the story of a comparison or a campaign with real customers in it, to read, to show and to send."""

import streamlit as st

from reco_lab.services import campaigns, experiments
from reco_lab.ui import board, page, records, report, show
from reco_lab.ui.report_told import Told, ToldCampaign

with page.open("Report") as lab:
    if not show.presenting():
        board.running(lab.workspace)
    done = (
        [] if lab.version is None else records.finished(experiments.listing(lab.workspace, lab.version.name))
    )
    kept = [] if lab.version is None else campaigns.listing(lab.workspace, lab.version.name)
    sent = {one.id: one for one in kept if one.artefact}
    if not done and not sent:
        show.empty(
            "There is no story to tell yet",
            "After a comparison, this page tells what was found, with real customers in it, to show and to send.",
            page=page.DATA if lab.version is None else page.EXPERIMENT,
            label="Bring your data" if lab.version is None else "Compare recommenders",
            icon=":material/upload_file:" if lab.version is None else ":material/experiment:",
            demo_in=lab.workspace if lab.version is None else None,
        )
        st.stop()

    kind, chosen = report.about(records.labels(done), {one.id: one.title for one in sent.values()})
    told = ToldCampaign.of(lab, sent[chosen]) if kind == report.CAMPAIGN else Told.of(lab, chosen)
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

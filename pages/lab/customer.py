"""Customer: one customer, several models side by side, why, and what if."""

import streamlit as st

from reco_lab.services import experiments
from reco_lab.ui import board, cache, customer, linked, page, records, show, state

with page.open("Customer") as lab:
    board.running(lab.workspace)
    done = (
        [] if lab.version is None else records.finished(experiments.listing(lab.workspace, lab.version.name))
    )
    if not done:
        show.empty(
            "There is no model to ask yet",
            "After a comparison, this page shows what each recommender would offer to one customer, and why.",
            page=page.DATA if lab.version is None else page.EXPERIMENT,
            label="Bring your data" if lab.version is None else "Compare recommenders",
            icon=":material/experiment:",
        )
        st.stop()

    chosen = linked.choice("Experiment", records.labels(done), key=state.EXPERIMENT, noun="experiment")
    microscope = cache.microscope(lab.workspace, chosen)
    who = customer.pick(microscope)
    models, length = customer.models(microscope, cache.comparison(lab.workspace, chosen))
    customer.bench(lab.workspace, microscope, who, models, length)

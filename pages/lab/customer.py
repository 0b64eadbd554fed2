"""Customer: one customer, several models side by side, why, and what if."""

import streamlit as st

from reco_lab.services import experiments
from reco_lab.ui import board, customer, page, records, segments_of, show

with page.open("Customer") as lab:
    board.running(lab.workspace)
    done = (
        [] if lab.version is None else records.finished(experiments.listing(lab.workspace, lab.version.name))
    )
    if not done:
        show.empty(
            "No customer to show yet",
            "After a comparison, this page shows what each recommender would offer to one customer, and why.",
            page=page.DATA if lab.version is None else page.EXPERIMENT,
            label="Bring your data" if lab.version is None else "Compare recommenders",
            icon=":material/upload_file:" if lab.version is None else ":material/experiment:",
            demo_in=lab.workspace if lab.version is None else None,
        )
        st.stop()

    chosen = customer.ask(lab.workspace, done)
    with page.guard(lab.workspace):
        segments_of.line(lab, chosen.who)
    customer.bench(lab.workspace, chosen, expert=lab.expert)

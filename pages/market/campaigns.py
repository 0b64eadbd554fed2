"""Campaigns: whom to reach with what, what each rule costs, who is held back, the lists, and what they did."""

import streamlit as st

from reco_lab.ui import board, campaigns, page, show

with page.open("Campaigns") as lab:
    board.running(lab.workspace)
    if lab.version is None:
        show.empty(
            "There is nobody to write to: no data yet",
            "With data here, this page makes the lists for your next mailing and tells afterwards what it did.",
            page=page.DATA,
            label="Bring your data",
            icon=":material/upload_file:",
        )
        st.stop()
    campaigns.view(lab)

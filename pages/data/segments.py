"""Segments: who the customers are, in classes with a name, in rules of one's own; sized, saved, taken away."""

import streamlit as st

from reco_lab.ui import board, cache, page, segments, show

with page.open("Segments") as lab:
    board.running(lab.workspace)
    if lab.version is None:
        show.empty(
            "There is nobody to see: no data yet",
            "With data here, this page says who the customers are, what they bring, and hands out lists of them.",
            page=page.DATA,
            label="Bring your data",
            icon=":material/upload_file:",
        )
        st.stop()

    shop = cache.shop(lab.workspace, lab.version)
    segments.headline(lab, shop)
    segments.sections(lab, shop)

"""Explore: what is in a data set, in sentences first, then in charts that filter each other."""

import streamlit as st

from reco_lab.services import segments
from reco_lab.services.explore import Scope
from reco_lab.ui import board, cache, explore, export, page, scope, show
from reco_lab.ui.words import md

with page.open("Explore") as lab:
    board.running(lab.workspace)
    if lab.version is None:
        show.empty(
            "There is nothing to explore: no data yet",
            "With data here, this page says what is in it: who comes back, what sells together, what is missing.",
            page=page.DATA,
            label="Bring your data",
            icon=":material/upload_file:",
        )
        st.stop()

    known = cache.choices(lab.workspace, lab.version)
    saved = segments.listing(lab.workspace, lab.version.name)
    chosen = scope.asked(known, lab.version.name, saved)
    with st.container(horizontal=True, vertical_alignment="center"):
        scope.boxes(known, chosen, saved)
        menu = st.container(width="content")
    found = cache.portrait(lab.workspace, lab.version, chosen)
    whole = cache.portrait(lab.workspace, lab.version, Scope()) if chosen else found
    with menu:
        export.menu(explore.downloads(lab.version, found, whole), key="explore")

    show.answer(
        explore.headline(found, int(lab.version.summary.get("customers", 0))), explore.base(found, whole)
    )
    explore.faults(found)
    if chosen:
        st.info(f"Only a part is shown: {md(scope.words(chosen))}.", icon=":material/filter_alt:")

    explore.cards(found, expert=lab.expert)
    explore.sections(found, whole, show.palette())

"""Experiment: choose recommenders, a split and metrics; run; watch."""

import streamlit as st

from reco_lab.services import experiments
from reco_lab.ui import board, cache, compare, export, page, plan, show
from reco_lab.ui.words import md

with page.open("Experiment") as lab:
    if lab.version is None:
        show.empty(
            "There is nothing to learn from: no data yet",
            "With data here, this page trains recommenders next to each other.",
            page=page.DATA,
            label="Bring your data",
            icon=":material/upload_file:",
        )
        st.stop()

    data = lab.dataset()
    starter = experiments.starter(data)
    if not board.running(lab.workspace):
        board.ended(lab.workspace, lab.version.name)

    if lab.expert:
        asked = plan.expert(starter, experiments.offers(data), data)
    else:
        asked = plan.plain(starter)
        names = [spec.info.label for spec in asked.recommenders]
        st.markdown(f"**{len(names)} recommenders** will learn from this data: {md(', '.join(names))}.")
        st.caption(
            "All of them see the same past and are judged on the same later part. Switch to Expert in the sidebar "
            "to choose them, their settings and the split."
        )

    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Compare recommenders", type="primary", icon=":material/play_arrow:", shortcut="T", key="run"
        ):
            experiments.submit(lab.workspace, asked)
            st.rerun()
        export.menu(
            [
                export.Download("Experiment file (TOML)", "experiment.toml", lambda: experiments.toml(asked)),
                export.Download(
                    "Python script", "experiment.py", lambda: experiments.script(asked), "text/x-python"
                ),
            ],
            key="experiment",
        )

    summary, cut = cache.preview_cut(data, asked)
    show.warnings(compare.doubts(summary))
    compare.cut_view(summary, cut, show.palette())

"""Compare: which recommender is better, by how much, and how sure that is."""

import streamlit as st

from reco_lab.services import experiments
from reco_lab.ui import board, cache, compare, export, linked, metric, page, records, results, show, state
from reco_lab.ui.words import md

with page.open("Compare") as lab:
    board.running(lab.workspace)
    if lab.version is None:
        show.empty(
            "There is nothing to compare: no data yet",
            "With data here, this page says which recommender is really better.",
            page=page.DATA,
            label="Bring your data",
            icon=":material/upload_file:",
        )
        st.stop()
    done = records.finished(experiments.listing(lab.workspace, lab.version.name))
    if not done:
        show.empty(
            "Nothing has been compared on this data set yet",
            "A comparison trains several recommenders on the same split and says which one is better.",
            page=page.EXPERIMENT,
            label="Compare recommenders",
            icon=":material/experiment:",
        )
        st.stop()

    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = linked.choice("Experiment", records.labels(done), key=state.EXPERIMENT, noun="experiment")
        found = cache.comparison(lab.workspace, chosen)
        keys = results.keys(found)
        key = st.selectbox(
            "Judged by",
            keys,
            key="metric",
            format_func=metric.name,
            bind="query-params",
            help="The verdict is about the first one.",
        )
        colours = show.palette()
        export.menu(compare.downloads(lab.workspace, chosen, found), key="compare")

    show.answer(found.sentence, compare.base(found))
    show.warnings(found.warnings)

    compare.board(found, colours, key)
    st.dataframe(
        results.table(found, key),
        hide_index=True,
        column_config=results.columns(found, key),
        alt=f"Leaderboard by {metric.name(key)}",
        placeholder="–",
    )
    for row in results.failed(found):
        st.error(md(row.error), title=f"{md(row.name)} did not finish", icon=":material/error:")

    compare.sections(lab, chosen, found, colours)

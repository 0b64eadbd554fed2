"""Compare: which recommender is better, by how much, and how sure that is."""

import streamlit as st

from reco_lab.services import experiments
from reco_lab.ui import board, cache, compare, linked, metric, page, records, results, show, state
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

    notice = st.container()
    chosen = linked.choice(
        "Experiment", records.labels(done), key=state.EXPERIMENT, noun="experiment", notice=notice
    )
    found = cache.comparison(lab.workspace, chosen)
    colours = show.palette()

    show.answer(found.sentence if lab.expert else found.plain, compare.base(found, expert=lab.expert))
    show.warnings(found.warnings)
    with st.container(horizontal=True):
        compare.onwards(lab, chosen, found)
        compare.share(lab, chosen, found)
    compare.ends(lab, found)

    key = st.selectbox(
        "Show",
        results.keys(found),
        key="metric",
        format_func=metric.name if lab.expert else metric.full,
        bind="query-params",
        help="The verdict is about the first one, which was chosen before the run.",
    )
    compare.board(found, colours, key)
    st.dataframe(
        results.table(found, key, expert=lab.expert),
        hide_index=True,
        column_config=results.columns(found, key),
        alt=f"Leaderboard by {metric.name(key)}",
        placeholder="–",
    )
    compare.ledger(lab.workspace, found)
    for row in results.failed(found):
        st.error(md(row.error), title=f"{md(row.name)} did not finish", icon=":material/error:")

    compare.sections(lab, chosen, found, colours, key)

"""The parts of the Home page: what was found last, and one real customer of it."""

import streamlit as st

from reco_lab.core.errors import InputError
from reco_lab.experiments.results import Comparison
from reco_lab.store.records import DatasetVersion
from reco_lab.ui import cache, metric, page, state, story, told
from reco_lab.ui.customer import looks
from reco_lab.ui.words import md
from reco_lab.workspace import Workspace

SHOWN = 4
BEFORE = 3


def finding(found: Comparison, version: DatasetVersion, *, expert: bool) -> None:
    """The last comparison in plain words; with its numbers for an expert."""
    with st.container(border=True):
        st.header(md(story.headline(found, story.place(version))), anchor=False)
        if people := story.people(found):
            st.markdown(md(people))
        if expert:
            st.markdown(md(found.sentence))
        if judged := story.judged(found):
            explained = f"{metric.name(found.headline)}: {metric.definition(found.headline)}"
            st.caption(md(judged), help=md(explained))
        st.caption(md(story.standing(found)))


def customer(workspace: Workspace, experiment: str, found: Comparison) -> None:
    """The customer of the exam with the longest history who may be shown, and what the champion would show."""
    try:
        shown = looks(workspace, cache.microscope(workspace, experiment), found, 1, SHOWN)
    except InputError:
        return
    for look in shown:
        best = look.panels[0]
        st.header(f"What {md(best.name)} would show to {md(look.customer_id)}", anchor=False)
        had = look.history["title"].drop_duplicates().head(BEFORE)
        st.caption(f"Lately in the history: {md(', '.join(str(title) for title in had))}.")
        with st.grid(SHOWN, min_column_width=180, border=True):
            for card in best.cards:
                with st.container(gap="xxsmall"):
                    st.markdown(f"**{md(card.title)}**")
                    st.caption(md(told.why(card)) if best.explains and not best.alike else md(card.category))
                    if card.held_out:
                        st.badge("Chosen afterwards", icon=":material/check:", color="green")
        st.page_link(
            page.CUSTOMER,
            label="See this customer with all lists",
            icon=":material/person_search:",
            query_params={state.EXPERIMENT: experiment, state.CUSTOMER: look.customer_id},
        )

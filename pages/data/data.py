"""Data: bring data in, see what was understood and what is wrong, mend it, keep its versions."""

import streamlit as st

from reco_lab.services import data, demo, recipes
from reco_lab.services.analytics import columns_of
from reco_lab.ui import (
    analytics,
    arrival,
    board,
    database_refresh,
    intake,
    page,
    repairs,
    shelves,
    show,
    state,
    survey,
    understood,
    versions,
)
from reco_lab.ui.words import md, when

with page.open("Data", of_data=state.brought() is None) as lab:
    board.running(lab.workspace)
    imported, brought = state.imported(), state.brought()

    if imported is not None:
        arrival.done(lab, imported)
        st.stop()

    if brought is None:
        if lab.version is not None:
            title = lab.version.title or lab.version.name
            show.answer(
                f"{title}: {page.size(lab.version)}.",
                f"Version {lab.version.version}, brought in {when(lab.version.created)}.",
            )
            database_refresh.offer(lab)
        st.header("Bring data in", anchor=False)
        intake.start(lab.workspace)
        if lab.version is None:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown("Nothing at hand?", width="content")
                if st.button("Use the demo shop", icon=":material/storefront:"):
                    with st.spinner("Setting up the demo shop…"):
                        demo.submit_demo(lab.workspace)
                    st.query_params[state.DATASET] = demo.DEMO
                    st.rerun()
        else:
            versions.listing(lab)
        shelves.datasets(lab)
        versions.all_dropped(lab.workspace)
        st.stop()

    st.markdown(f":material/description: **{md(brought.title)}**")
    answer, written = st.container(), st.container()
    intake.another(lab.workspace)
    with written:
        known = understood.look(lab.workspace, brought)
    answers = survey.holds(lab, brought, known)
    if answers is not None:
        with answer:
            survey.headline(answers)
        survey.flow(lab, brought, known, answers)
        st.stop()

    web = analytics.holds(known)
    last = recipes.suggested(lab.workspace, known.seen.shape)
    last = repairs.same_as_last(last, None if web else known.seen.shape)
    if web:
        known, said = analytics.ask(lab.workspace, brought, known, last)
        columns = columns_of(known.seen.sample)
    else:
        st.header("What the columns mean", anchor=False)
        columns, said = understood.mapping(known.seen, last.columns if last else brought.columns), None
    st.dataframe(
        known.seen.rows, hide_index=True, alt="The first rows of the file", height=240, placeholder="–"
    )
    problems = (
        data.check(known.seen, columns)
        if columns
        else ["Choose a column for the customer and one for the item."]
    )
    for problem in problems:
        st.error(md(problem), icon=":material/error:")

    found = None
    if columns is not None and not problems and repairs.whole_file(brought):
        found = repairs.found(lab.workspace, brought, known, columns, last, said)
    with answer:
        if web:
            show.answer(
                analytics.headline(lab.workspace, brought, known), repairs.headline(found)[0] if found else ""
            )
        elif found is not None:
            show.answer(*repairs.headline(found))

    tables = intake.beside(lab.workspace, brought)
    to = arrival.place(lab, brought, only_new=brought.synthetic)
    waiting = bool(problems) or (found is not None and bool(found.open or found.undecided))
    pressed = st.button("Import", type="primary", icon=":material/check:", disabled=waiting, key="import")
    if found is not None and found.undecided:
        st.caption(f"First decide above: {md(', '.join(found.undecided))}.")
    if pressed and columns is not None:
        arrival.bring_in(lab, brought, known, columns, found, last=last, tables=tables, to=to)

"""Data: bring data in, see what was understood, keep its versions."""

import streamlit as st

from reco_lab.services import data, demo
from reco_lab.ui import board, cache, intake, page, shelves, show, state
from reco_lab.ui.words import md

with page.open("Data") as lab:
    board.running(lab.workspace)
    imported = state.imported()
    if imported is not None:
        intake.done(imported)
        with st.container(horizontal=True):
            if st.button("Compare recommenders", type="primary", icon=":material/experiment:"):
                state.forget_import()
                st.switch_page(page.EXPERIMENT)
            st.button("Bring another file", icon=":material/upload_file:", on_click=state.forget_import)
        st.stop()

    st.header("Bring a file", anchor=False)
    st.markdown(
        "One row for each thing a customer did. Text with any delimiter, with or without a header, also as .gz "
        "or .zip; or Parquet. Up to 1 GB here, larger ones with `reco-lab data import PATH`."
    )
    upload = st.file_uploader("File of interactions", key="file")
    if upload is None and lab.version is None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("Nothing at hand?", width="content")
            if st.button("Use the demo shop", icon=":material/storefront:"):
                with st.spinner("Setting up the demo shop…"):
                    demo.submit_demo(lab.workspace)
                st.query_params[state.DATASET] = demo.DEMO
                st.rerun()
    if upload is not None:
        path = intake.staged(lab.workspace, upload)
        with st.expander("How the file is written", icon=":material/tune:"):
            header = intake.header()
            reading = intake.reading()
        seen = cache.preview(path, header)
        st.caption(md(intake.dialect(seen)))
        show.warnings(seen.warnings)

        st.header("What the columns mean", anchor=False)
        columns = intake.mapping(seen)
        st.dataframe(seen.rows, hide_index=True, alt="The first rows of the file", height=240)

        with st.expander("Tables of customers and items (optional)", icon=":material/table:"):
            st.caption(
                "Joined by the column that holds the same ids: titles, categories, prices, ages, regions."
            )
            people = st.file_uploader("Customers", key="customers-file")
            catalogue = st.file_uploader("Items", key="items-file")
        name = st.text_input(
            "Name of the data set",
            intake.name_of(upload.name),
            max_chars=64,
            help="Lower case, digits, - and _.",
        )
        problems = (
            data.check(seen, columns)
            if columns
            else ["Choose a column for the customer and one for the item."]
        )
        for problem in problems:
            st.error(md(problem), icon=":material/error:")
        if st.button(
            "Import", type="primary", icon=":material/check:", disabled=bool(problems), key="import"
        ):
            with st.spinner("Reading, checking and keeping every row…"):
                report = data.import_file(
                    lab.workspace,
                    path,
                    name,
                    title=upload.name,
                    columns=columns,
                    header=header,
                    reading=reading,
                    customers=intake.staged(lab.workspace, people) if people else None,
                    items=intake.staged(lab.workspace, catalogue) if catalogue else None,
                )
            intake.remember(report, lab.workspace)
            st.query_params[state.DATASET] = name
            st.rerun()

    shelves.datasets(lab)

"""The parts that every page is made of: an empty state, an error, a chart with its table, a badge."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from reco_lab.charts.theme import DARK, LIGHT, Figure, Palette
from reco_lab.core.errors import InputError
from reco_lab.reports.export import csv
from reco_lab.services import demo
from reco_lab.ui import export, state
from reco_lab.ui.words import md
from reco_lab.workspace import Workspace

MODEBAR = {
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
    "responsive": True,
    "scrollZoom": False,
}


def palette() -> Palette:
    """The colours of the theme that this browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def phone() -> bool:
    """Whether this browser says that it runs on a telephone: things then stand below each other."""
    return "Mobi" in str(st.context.headers.get("User-Agent", ""))


def presenting() -> bool:
    """Whether this is shown to an audience: nothing but the page itself, as its address says it."""
    return st.query_params.get(state.PRESENT) == "1"


def answer(sentence: str, detail: str = "") -> None:
    """The page's answer, first and largest: one sentence, with one quieter line under it."""
    with st.container(border=True):
        st.header(md(sentence), anchor=False)
        if detail:
            st.caption(md(detail))


def synthetic() -> None:
    """The badge of simulated data."""
    st.badge("Example data (simulated)", icon=":material/science:", color="orange")


def rehearsed(*, over: bool) -> None:
    """The badge of a rehearsal; once it is over nobody comes any more."""
    said = "Rehearsal, over" if over else "Rehearsal, simulated customers"
    st.badge(said, icon=":material/theater_comedy:", color="orange")


def go(page: Path, address: Mapping[str, str] | None = None) -> None:
    """Go to another page, with these parameters of its address.

    Streamlit refuses to leave without parameters where the address holds a widget's, such as Expert.
    """
    st.switch_page(page, query_params=dict(address or {}))


def empty(
    missing: str, then: str, *, page: Path, label: str, icon: str, demo_in: Workspace | None = None
) -> None:
    """Say what is missing and what will be here then, and offer the page that mends it.

    With a workspace, the demo shop can be loaded into it as well.
    """
    with st.container(border=True):
        st.header(md(missing), anchor=False)
        st.markdown(md(then))
        with st.container(horizontal=True):
            if st.button(label, type="primary", icon=icon, key="mend"):
                go(page)
            if demo_in is not None and st.button("Load the demo shop", icon=":material/storefront:"):
                with st.spinner("Setting up the demo shop…"):
                    demo.submit_demo(demo_in)
                st.rerun()


def mistake(error: InputError) -> None:
    """A mistake in what a person gave: what is wrong, where, and what to do."""
    title = f"{error.what.removesuffix('.')} ({error.where})" if error.where else error.what
    st.error(md(error.fix) or "Change it and try again.", title=md(title), icon=":material/error:")


def fault(reference: str) -> None:
    """A fault of ours: no traceback, only the reference under which the log has it."""
    st.error(
        f"This is our fault, not yours, and nothing of yours was lost. The details are in the log under "
        f"**{md(reference)}**.",
        title="Something went wrong on this page",
        icon=":material/bug_report:",
    )


def closed(error: Exception) -> None:
    """The workspace could not be opened: there is no log to refer to, so the reason is shown."""
    st.error(
        f"{md(type(error).__name__)}: {md(error)} \n\nThe folder is set by `RECO_LAB_HOME`; it must exist on "
        "this machine and be writable.",
        title="The workspace cannot be opened",
        icon=":material/folder_off:",
    )


def chart(
    figure: Figure,
    *,
    finding: str,
    table: pd.DataFrame | None,
    key: str,
    explained: str = "",
    live: bool = False,
) -> None:
    """A chart whose title says the finding, with the same numbers below it (no table: the page shows one itself)."""
    st.header(md(finding), anchor=False, help=md(explained) or None)
    st.plotly_chart(figure, theme=None, alt=finding, config=MODEBAR, key=f"chart-{key}")
    if table is not None:
        with st.expander("Show as table", icon=":material/table_rows:"):
            numbers(table, alt=finding, key=key, live=live)


def numbers(
    table: pd.DataFrame,
    *,
    alt: str,
    key: str,
    columns: Mapping[str, Any] | None = None,
    live: bool = False,
) -> None:
    """A table, and a button that takes it away as CSV: the one built into tables would let formulas out.

    `live`: it stands in a part that is drawn anew again and again, so it is taken away from beside that
    (`export.menu`).
    """
    st.dataframe(table, hide_index=True, alt=alt, placeholder="–", column_config=columns)
    if live:
        return
    download = export.Download("These numbers (CSV)", f"{key}.csv", lambda: csv(table), "text/csv")
    export.button(download, key=f"numbers-{key}", kind="tertiary")


def warnings(sentences: tuple[str, ...]) -> None:
    """Warnings in words, in one box."""
    if sentences:
        bullet = "- " if len(sentences) > 1 else ""
        st.warning("\n".join(bullet + md(sentence) for sentence in sentences), icon=":material/warning:")

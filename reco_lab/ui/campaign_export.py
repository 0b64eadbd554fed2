"""The sixth step of a campaign: its file in the layout that the mailing tool reads, and its card."""

import streamlit as st

from reco_lab.campaigns.export import LAYOUTS
from reco_lab.reports.export import Form
from reco_lab.services import campaign_files
from reco_lab.services.campaign_lists import Prepared
from reco_lab.ui import export, show, state
from reco_lab.ui.export import Download, Sheet
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

EXAMPLE = 2


def view(workspace: Workspace, made: Prepared, key: str) -> None:
    """Choose a layout, see an example of it, take it away; the control group is never in it."""
    layout = st.selectbox(
        "Laid out for",
        list(LAYOUTS),
        format_func=lambda one: LAYOUTS[one].label,
        key=f"{key}-layout",
        persist_state="session",
    )
    st.caption(md(LAYOUTS[layout].about))
    if made.synthetic:
        show.synthetic()
    table = campaign_files.table(workspace, made, layout)
    st.dataframe(table.head(EXAMPLE), hide_index=True, alt=f"The first rows of {count(len(table), 'row')}")
    form = _form(key)
    with st.container(horizontal=True):
        sheet = Sheet(f"The list, {count(len(table), 'row')}", stem(made, layout), lambda: table)
        export.button(sheet.as_download(form), key=key)
        held = campaign_files.held_back(made)
        if len(held):
            name = f"{campaign_files.stem(made)}-control"
            kept = Sheet("The control group", name, lambda: held)
            export.button(kept.as_download(form), key=key, kind="tertiary")
    st.caption(
        "Nobody of the control group is in the list, nor who objected since. Send it with your mailing tool, then come "
        "back with the purchases to see what it did."
    )
    with st.container(horizontal=True):
        for one in cards(made):
            export.button(one, key=key, kind="tertiary")


def stem(made: Prepared, layout: str) -> str:
    """What the file of a layout is called, without the ending."""
    return f"{campaign_files.stem(made)}-{layout}"


def first(workspace: Workspace, made: Prepared, key: str) -> Download:
    """The file that most people want: a row a customer, as CSV, or as the export step was left."""
    layout = str(state.chosen(f"{key}-layout") or next(iter(LAYOUTS)))
    form = Form.csv
    return Download(
        "Download the list",
        f"{stem(made, layout)}.{form}",
        lambda: campaign_files.file(workspace, made, layout, form),
        form.mime,
    )


def cards(made: Prepared) -> list[Download]:
    """The card of the campaign: all that it is, for people and for programs."""
    name = campaign_files.stem(made)
    return [
        Download(
            "Campaign card (one page)",
            f"{name}-card.html",
            lambda: campaign_files.card_html(made),
            "text/html",
        ),
        Download(
            "Campaign card (JSON)",
            f"{name}-card.json",
            lambda: campaign_files.card_json(made),
            "application/json",
        ),
    ]


def _form(key: str) -> Form:
    chosen = st.segmented_control(
        "File",
        list(Form),
        default=Form.csv,
        format_func=lambda form: form.label,
        required=True,
        key=f"{key}-form",
    )
    return Form(str(chosen))

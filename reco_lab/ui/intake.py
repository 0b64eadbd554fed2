"""A stranger's file on its way in: from an upload, a path on the server or a publisher, kept at once."""

import re
import shutil
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from reco_lab.core.errors import InputError
from reco_lab.services.public import PublicDataset, fetch, public_datasets
from reco_lab.services.samples import SAMPLES, make_sample
from reco_lab.services.server_files import open_folders, server_file, server_folder
from reco_lab.store.disk import said_if_full, size_text
from reco_lab.ui import database, feedback, state
from reco_lab.ui.state import Brought, Kept
from reco_lab.ui.words import md
from reco_lab.workspace import Workspace

FILE, CUSTOMERS, ITEMS, IDS = "file", "customers-file", "items-file", "ids-file"
SLOTS = (FILE, CUSTOMERS, ITEMS, IDS)
QUOTA = 3 << 30
LONGEST_NAME = 64
WAYS = {
    "upload": "A file from here",
    "path": "A path on the server",
    "public": "A public data set",
    "sample": "A sample",
    "database": "A database",
    "ads": "The ads' own log",
}
_FORMATS = "Text with any delimiter, Excel, Parquet or JSON, also packed (.gz, .zst, .zip)."
_PACKED = r"(\.(gz|zst|zip))?$"
_KNOWN = r"\.(csv|tsv|txt|data|dat|parquet|xlsx|xlsm|xls|ods|json|jsonl|ndjson)$"


def start(workspace: Workspace) -> None:
    """Ask for a file; once there is one the page is drawn anew with it."""
    st.markdown(
        "One row for each thing a customer did, a survey with one row for each person, or an export of web analytics "
        "(Google Analytics 4, Matomo, Snowplow, a clickstream)."
    )
    way = st.segmented_control(
        "Where is it?",
        list(WAYS),
        default="upload",
        format_func=lambda one: WAYS[one],
        key="source",
        required=True,
        bind="query-params",
        label_visibility="collapsed",
    )
    if way == "path":
        _path(workspace)
    elif way == "public":
        _public(workspace)
    elif way == "sample":
        _sample(workspace)
    elif way == "database":
        database.start(workspace, _begin)
    elif way == "ads":
        feedback.ask(workspace)
    else:
        _upload(workspace)


def another(workspace: Workspace) -> None:
    """The way to bring another file instead of this one."""
    with st.expander("Bring another file", icon=":material/upload_file:"):
        _upload(workspace)
        st.button("Not this file", icon=":material/close:", on_click=state.leave)


def received(workspace: Workspace, label: str, slot: str, help_text: str = "") -> Kept | None:
    """A place for an upload, and what was put there. The upload leaves the server's memory at once.

    Raises InputError where the uploads of this session would take more than 3 GB.
    """
    upload = st.file_uploader(label, key=state.upload_key(slot), help=help_text or None)
    if upload is not None:
        forget_upload(slot)
        state.keep_upload(slot, staged(workspace, upload))
        if slot == FILE:
            begin(slot)
        st.rerun()
    kept = state.uploads().get(slot)
    return kept if kept is not None and kept.path.exists() else None


def begin(slot: str) -> None:
    """Begin with an upload; what came beside an earlier one is forgotten."""
    kept = state.uploads()[slot]
    for beside_it in (CUSTOMERS, ITEMS, IDS):
        forget_upload(beside_it)
    state.forget_import()
    state.bring(Brought(kept.path, kept.title))


def forget_upload(slot: str) -> None:
    """Remove an upload from the disk."""
    kept = state.uploads().pop(slot, None)
    if kept is not None:
        shutil.rmtree(kept.path.parent, ignore_errors=True)


def forget_read() -> None:
    """Remove the rows that came from a database from the disk."""
    brought = state.brought()
    if brought is not None and brought.origin is not None:
        shutil.rmtree(brought.path.parent, ignore_errors=True)


def name_of(file: str) -> str:
    """A data set's name made from a file's: lower case, digits, - and _."""
    stem = re.sub(_KNOWN, "", re.sub(_PACKED, "", file.lower()))
    return re.sub(r"[^a-z0-9_-]+", "-", stem).strip("-_")[:LONGEST_NAME] or "my-data"


def beside(workspace: Workspace, brought: Brought) -> tuple[Path | None, Path | None]:
    """Ask for tables of customers and of items; where they lie."""
    with st.expander("Tables of customers and items (optional)", icon=":material/table:"):
        st.caption("Joined by the column that holds the same ids: titles, categories, prices, ages, regions.")
        people = _table(workspace, "Customers", CUSTOMERS, brought.customers)
        catalogue = _table(workspace, "Items", ITEMS, brought.items)
    return people, catalogue


def _table(workspace: Workspace, label: str, slot: str, known: Path | None) -> Path | None:
    found = received(workspace, label, slot)
    if found is None:
        if known is not None:
            st.caption(f":material/check: {md(known.name)} comes with it.")
        return known
    kept(found, slot)
    return found.path


def kept(found: Kept, slot: str) -> None:
    """Say what was uploaded, and offer to leave it out."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/check: {md(found.title)} · {size_text(found.size)}", width="content")
        st.button("Leave it out", key=f"drop-{slot}", type="tertiary", on_click=forget_upload, args=(slot,))


def _upload(workspace: Workspace) -> None:
    received(workspace, "File of interactions", FILE, "Up to 1 GB; a larger one by its path on the server.")
    st.caption(_FORMATS)


def _path(workspace: Workspace) -> None:
    text = st.text_input(
        "Path on the server",
        placeholder="orders.csv",
        help="For what is too large to upload. The file is read where it lies, and stays there.",
        key="server-path",
    )
    st.caption(f"It must lie in {md(' or '.join(map(str, open_folders(workspace))))}.")
    if st.button("Look at it", type="primary", icon=":material/search:", disabled=not text):
        path = server_file(workspace, text)
        _begin(Brought(path, path.name))


def _public(workspace: Workspace) -> None:
    known = public_datasets()
    name = st.selectbox(
        "Public data set",
        list(known),
        format_func=lambda one: known[one].title,
        key="public",
        bind="query-params",
    )
    entry = known[name]
    st.markdown(md(entry.about))
    st.caption(f"{md(entry.publisher)} · Licence: {md(entry.licence)} · [Its page]({entry.page})")
    if entry.note:
        st.caption(md(entry.note))
    folder = st.text_input(
        "Folder on the server that has its files (optional)",
        help="Without one it is downloaded from its publisher, which needs a network.",
    )
    if st.button("Get it", type="primary", icon=":material/download:"):
        with st.spinner("Bringing its files into the workspace…", show_time=True):
            found = fetch(workspace, name, from_folder=server_folder(workspace, folder) if folder else None)
        _begin(
            Brought(
                path=found.interactions,
                title=entry.title,
                columns=entry.columns,
                header=entry.header,
                options=_options(entry),
                customers=found.customers,
                items=found.items,
            )
        )


def _sample(workspace: Workspace) -> None:
    titles = {one.name: one for one in SAMPLES}
    name = st.selectbox(
        "Sample", list(titles), format_func=lambda one: titles[one].title, key="sample", bind="query-params"
    )
    st.caption(
        f"{md(titles[name].about)} Made by Reco Lab from a simulated shop: none of these people exist."
    )
    if st.button("Try it", type="primary", icon=":material/science:"):
        with st.spinner("Making the sample…"):
            path = make_sample(workspace, name)
        _begin(Brought(path, f"{titles[name].title} (sample)", synthetic=True))


def _options(entry: PublicDataset) -> dict[str, Any]:
    return dict(entry.options)


def _begin(brought: Brought) -> None:
    for slot in SLOTS:
        forget_upload(slot)
    state.forget_import()
    state.bring(brought)
    st.rerun()


def staged(workspace: Workspace, upload: UploadedFile) -> Kept:
    """Write an upload to the workspace's staging folder and let go of it in memory."""
    taken = sum(one.size for one in state.uploads().values())
    try:
        if taken + upload.size > QUOTA:
            raise InputError(
                f"The uploads of one visit may take {size_text(QUOTA)}, and this one would make it more.",
                where=upload.name,
                fix="Bring it by its path on the server.",
            )
        workspace.require_room()
        name = re.sub(r"[^\w.\-]", "_", Path(upload.name).name)[-120:] or "upload"
        path = workspace.staging.folder() / name
        try:
            with said_if_full(workspace.home), path.open("wb") as file:
                shutil.copyfileobj(upload, file)
        except InputError:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        return Kept(path, upload.name, upload.size)
    finally:
        _let_go(upload)


def _let_go(upload: UploadedFile) -> None:
    """Streamlit would hold the bytes until the visit ends."""
    context = get_script_run_ctx()
    remove = getattr(context and context.uploaded_file_mgr, "remove_file", None)
    if context is not None and remove is not None:
        remove(context.session_id, upload.file_id)

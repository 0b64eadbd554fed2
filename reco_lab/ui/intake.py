"""A stranger's file on its way in: kept at once, looked at, its columns mapped, imported."""

import re
import shutil
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from reco_lab.cleaning.interactions import Reading
from reco_lab.core.experiment import Columns
from reco_lab.services.data import ImportReport, Preview
from reco_lab.ui import export, show, state
from reco_lab.ui.state import Imported
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

ROLES = {
    "user": ("Customer", "Who did it. Required."),
    "item": ("Item", "What it was done with: a product, an offer, a film. Required."),
    "time": ("Time", "When. With it, the test can lie after what was learned from."),
    "value": ("Value", "A rating, a quantity or an amount."),
    "kind": ("Kind", "What was done: view, click, cart, purchase."),
}
NONE = "(none)"
LONGEST_NAME = 64


def staged(workspace: Workspace, upload: UploadedFile) -> Path:
    """Write an upload to the workspace's staging folder, once; where it lies."""
    kept = state.staged(upload.file_id)
    if kept is not None and kept.exists():
        return kept
    path = workspace.staging.folder() / (re.sub(r"[^\w.\-]", "_", Path(upload.name).name)[-120:] or "upload")
    with path.open("wb") as file:
        shutil.copyfileobj(upload, file)
    state.keep_staged(upload.file_id, path)
    return path


def name_of(file: str) -> str:
    """A data set's name made from a file's: lower case, digits, - and _."""
    stem = re.sub(r"(\.(gz|zip))?$", "", file.lower())
    stem = re.sub(r"\.(csv|tsv|txt|data|dat|parquet)$", "", stem)
    return re.sub(r"[^a-z0-9_-]+", "-", stem).strip("-_")[:LONGEST_NAME] or "my-data"


def dialect(seen: Preview) -> str:
    """How the file was understood, in one line."""
    known = dict(seen.dialect)
    reason = known.pop("header_reason", "")
    if "header" in known:
        words = "names the columns" if known.pop("header") else "is data"
        known["first line"] = f"{words} ({reason})" if reason else words
    known.pop("warning", None)
    return " · ".join(f"{name}: {value}" for name, value in known.items() if value not in (None, "", "none"))


def header() -> bool | None:
    """Ask whether the first line holds column names; None means decide by looking."""
    words = {"Decide by looking": None, "Column names": True, "Data": False}
    chosen = st.segmented_control(
        "The first line holds", list(words), default="Decide by looking", required=True
    )
    return words[str(chosen)]


def reading() -> Reading:
    """Ask how numbers and dates are written, for files that do not show it."""
    decimals = {"Decide by looking": None, "1.5": ".", "1,5": ","}
    dates = {"Decide by looking": None, "31/12 (day first)": True, "12/31 (month first)": False}
    decimal = st.segmented_control(
        "Numbers are written", list(decimals), default="Decide by looking", required=True
    )
    date = st.segmented_control("Dates are written", list(dates), default="Decide by looking", required=True)
    return Reading(decimal=decimals[str(decimal)], day_first=dates[str(date)])  # type: ignore[arg-type] # the keys are fixed above


def mapping(seen: Preview) -> Columns | None:
    """Ask what each column means, beginning with the guess, its confidence and its reason.

    None while there is no column for the customer or the item.
    """
    options = [NONE, *map(str, seen.rows.columns)]
    chosen: dict[str, str | None] = {}
    guesses = dict(seen.guess)
    for role, (label, words) in ROLES.items():
        guess = guesses[role]  # type: ignore[index] # the roles are the guess's own
        sure = guess.column is not None and guess.confidence >= 0.5
        with st.container(horizontal=True, vertical_alignment="bottom"):
            column = st.selectbox(
                label,
                options,
                options.index(str(guess.column)) if sure else 0,
                key=f"map-{seen.path}-{role}",
                help=words,
                width=220,
            )
            with st.container(gap=None, width="stretch"):
                st.caption(_reason(column, guess.column, guess.confidence, guess.reason))
        chosen[role] = None if column == NONE else column
    user, item = chosen["user"], chosen["item"]
    if user is None or item is None:
        return None
    return Columns(user=user, item=item, time=chosen["time"], value=chosen["value"], kind=chosen["kind"])


def _reason(column: str, guessed: str | None, confidence: float, reason: str) -> str:
    if column == NONE:
        return "Not used." if guessed is None else f"Not used. The best guess was {md(guessed)}: {md(reason)}"
    if column != guessed:
        return "Your choice."
    sure = "sure" if confidence >= 0.85 else "fairly sure" if confidence >= 0.65 else "not sure"
    return f"{confidence:.0%}, {sure}: {md(reason)}"


def remember(report: ImportReport, workspace: Workspace) -> None:
    """Keep what an import did for the page that is drawn next; refused rows go to a file."""
    refused = pd.concat([report.refused, report.refused_attributes], ignore_index=True)
    path = None
    if len(refused):
        path = workspace.staging.folder() / "refused.csv"
        path.write_bytes(export.csv(refused))
    state.keep_import(
        Imported(
            name=report.dataset.name,
            title=report.dataset.title,
            version=report.version,
            rows=report.rows_in_file,
            loaded=report.loaded,
            reasons=tuple(report.reasons.items()),
            notes=(
                *(
                    f"{ROLES[role][0] if role in ROLES else role}: {note}"
                    for role, note in report.notes.items()
                ),
                *_mended(report),
            ),
            warnings=report.warnings,
            refused=path,
        )
    )


def _mended(report: ImportReport) -> list[str]:
    return [f"{what}: {count(int(rows), 'row')}" for what, rows in report.mended.items() if rows]


def done(imported: Imported) -> None:
    """Say what came in, what did not and why."""
    left_out = imported.rows - imported.loaded
    st.success(
        f"{imported.loaded:,} of {imported.rows:,} rows are in, as version {imported.version}.",
        title=f"{md(imported.title)} is ready",
        icon=":material/check_circle:",
    )
    show.warnings(imported.warnings)
    for reason, rows in imported.reasons:
        st.markdown(f"- {rows:,} left out: {md(reason)}")
    for note in imported.notes:
        st.markdown(f"- {md(note)}")
    if imported.refused is not None and imported.refused.exists():
        st.download_button(
            f"The {left_out:,} rows left out (CSV)",
            imported.refused.read_bytes,
            "refused.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )

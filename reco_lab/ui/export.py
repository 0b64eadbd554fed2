"""What a person takes away: files built when they are asked for, and one page that opens anywhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import streamlit as st

from reco_lab.reports.export import Form, content
from reco_lab.reports.export import csv as csv  # noqa: PLC0414 - handed on to those who offer one form only

REACH = "It opens for anybody who can reach this machine."


@dataclass(frozen=True)
class Download:
    """One thing to take away: what it is called, its file, and how it is made."""

    label: str
    file: str
    make: Callable[[], str | bytes]
    mime: str = "text/plain"


@dataclass(frozen=True)
class Sheet:
    """A table to take away, in the form that the person chooses; `stem` is its file's name without the ending."""

    label: str
    stem: str
    make: Callable[[], pd.DataFrame]

    def as_download(self, form: Form) -> Download:
        """The table in this form."""
        return Download(
            f"{self.label} ({form.label})",
            f"{self.stem}.{form}",
            lambda: content(self.make(), form),
            form.mime,
        )


def menu(
    things: Sequence[Download | Sheet], *, key: str, note: str = "", apart: Sequence[Download] = ()
) -> None:
    """A button that opens the list of what can be taken away, what only specialists need apart.

    `note` says what the address holds where that is not the whole page.
    """
    with st.popover("Share or export", icon=":material/ios_share:"):
        st.caption(f"{note or 'The address holds what this page shows. '}{REACH}")
        for one in things:
            if isinstance(one, Download):
                button(one, key=key, width="stretch")
        sheets = [one for one in things if isinstance(one, Sheet)]
        form = _form(key) if sheets else Form.csv
        for sheet in sheets:
            button(sheet.as_download(form), key=key, width="stretch")
        if apart:
            st.caption("For specialists: computes it again.")
        for one in apart:
            button(one, key=key, width="stretch")


def button(
    download: Download,
    *,
    key: str,
    kind: Literal["primary", "secondary", "tertiary"] = "secondary",
    width: Literal["content", "stretch"] = "content",
    live: bool = False,
) -> None:
    """A button that makes the file when it is pressed.

    Where the part around it is `live`, drawn anew again and again, it is made before: what Streamlit would make at the
    press is forgotten with the drawing it belongs to, a file it holds outlives the next.
    """
    st.download_button(
        download.label,
        download.make() if live else download.make,
        file_name=download.file,
        mime=download.mime,
        icon=":material/download:",
        key=f"take-{key}-{download.file}",
        on_click="ignore",
        type=kind,
        width=width,
    )


def _form(key: str) -> Form:
    chosen = st.segmented_control(
        "Tables as",
        list(Form),
        default=Form.csv,
        format_func=lambda form: form.label,
        required=True,
        key=f"form-{key}",
        help="In CSV a text that a spreadsheet would run as a formula gets an apostrophe in front; in Excel and "
        "Parquet every text is as it was.",
    )
    return Form(str(chosen))

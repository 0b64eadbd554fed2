"""What a comparison will take, beside the button that begins it."""

import pandas as pd
import streamlit as st

from reco_lab.experiments.verdict import listed
from reco_lab.services import forecasts
from reco_lab.services.forecasts import Line, Outlook
from reco_lab.ui.words import md, seconds
from reco_lab.workspace import Workspace

MANY = 3


def sentence(found: Outlook) -> str:
    """How long and how much memory, as far as it is known."""
    unknown = found.unknown
    if len(unknown) == len(found.lines):
        return "How long this takes is not known yet on this machine."
    memory = _memory(found.megabytes)
    told = f"About {seconds(found.seconds)}{f' and {memory} of memory' if memory else ''} on this machine"
    if not unknown:
        return f"{told}."
    names = listed(unknown) if len(unknown) <= MANY else f"{len(unknown)} of them"
    return f"{told}; of {names} it is not known yet."


def view(workspace: Workspace, found: Outlook, *, busy: bool, expert: bool) -> None:
    """The sentence, a way to learn what is not known, and for an expert a row a recommender."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            md(sentence(found)),
            width="content",
            help="Forecast from small fits of each recommender, made once here.",
        )
        if found.unknown and st.button(
            "Measure this machine",
            type="tertiary",
            icon=":material/speed:",
            disabled=busy,
            key="measure",
            help="Fits every recommender to small simulated data, once: about half a minute.",
        ):
            forecasts.submit(workspace)
            st.rerun()
    for reason in found.refused:
        st.error(
            md("Leave it out, or take a smaller part of the data."),
            title=md(reason),
            icon=":material/memory:",
        )
    if expert and len(found.unknown) < len(found.lines):
        with st.expander("How long each takes", icon=":material/timer:"):
            rows = [_row(line) for line in found.lines]
            st.dataframe(pd.DataFrame(rows), hide_index=True, alt="The forecast by recommender")


def _row(line: Line) -> dict[str, str]:
    return {
        "Recommender": line.name,
        "Time": "not known yet" if line.seconds is None else seconds(line.seconds),
        "Memory at most": _memory(line.megabytes) or "not known yet",
    }


def _memory(megabytes: float | None) -> str:
    return "" if megabytes is None else f"{max(megabytes / 1024, 0.1):.1f} GB"

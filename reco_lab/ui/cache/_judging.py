"""What would have happened."""

from pathlib import Path

import streamlit as st

from reco_lab.core.policy import Policy
from reco_lab.services import judging, logged_tables
from reco_lab.services.judged_answers import Asked
from reco_lab.services.judging import Judged
from reco_lab.services.logged_tables import JudgedPolicy, LoggedColumns, LoggedTable
from reco_lab.ui.cache._market import events
from reco_lab.workspace import Workspace


def judged(opened: Workspace, chosen: Policy, asked: Asked) -> Judged:
    """What a policy would have earned in a period; raises InputError for what cannot be judged at all."""
    return _judged(opened, str(opened.home), chosen, key=asked)


def logged_table(opened: Workspace, path: Path, columns: LoggedColumns, chosen: JudgedPolicy) -> LoggedTable:
    """A table of logged decisions from elsewhere; raises InputError for one that cannot be used."""
    return _logged_table(str(opened.home), path, columns, chosen)


@st.cache_resource(max_entries=8, show_spinner="Weighing what was logged…")
def _judged(_opened: Workspace, home: str, chosen: Policy, key: Asked) -> Judged:  # noqa: ARG001 - part of the key
    return judging.judge_policy(_opened, events(_opened), chosen, key)


@st.cache_resource(max_entries=2, show_spinner="Reading the table…")
def _logged_table(home: str, path: Path, columns: LoggedColumns, chosen: JudgedPolicy) -> LoggedTable:  # noqa: ARG001 - part of the key
    return logged_tables.read_logged(path, columns, chosen)


OF_PEOPLE = (_judged, _logged_table)

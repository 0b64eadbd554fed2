"""The workspace, and the data sets in it."""

import os
from threading import Thread

import streamlit as st

from reco_lab.core.dataset import Dataset
from reco_lab.services import (
    customers,
    data,
    demo,
    experiments,
    upkeep,
)
from reco_lab.services import rehearsal as rehearsals
from reco_lab.workspace import Workspace


def workspace() -> Workspace:
    """The workspace of this process; the first visitor opens it, and the demo shop comes in with it.

    Set RECO_LAB_DEMO=0 to start without the demo shop.
    """
    return _workspace(os.environ.get("RECO_LAB_HOME", ""), os.environ.get("RECO_LAB_DEMO", "1") != "0")


def rehearsal(opened: Workspace) -> Workspace:
    """The workspace of the last rehearsal; NotFoundError before the first."""
    return _rehearsal(opened, str(opened.home), rehearsals.room_name(opened))


def dataset(opened: Workspace, name: str, fingerprint: str) -> Dataset:
    """A data set of the workspace, loaded once."""
    return _dataset(opened, str(opened.home), name, fingerprint)


@st.cache_resource(max_entries=4, show_spinner="Opening the workspace…")
def _workspace(home: str, demo_wanted: bool) -> Workspace:  # noqa: ARG001 - part of the key
    opened = Workspace.open()
    Thread(target=customers.prepare, daemon=True).start()
    if demo_wanted and not any(one.comparison for one in experiments.listing(opened, demo.DEMO)):
        demo.submit_demo(opened)
    upkeep.tidy_if_due(opened)
    return opened


@st.cache_resource(max_entries=2, show_spinner="Opening the rehearsal…")
def _rehearsal(_opened: Workspace, home: str, key: str) -> Workspace:  # noqa: ARG001 - part of the key
    return rehearsals.room(_opened)


@st.cache_resource(max_entries=4, show_spinner="Loading the data…")
def _dataset(_opened: Workspace, home: str, name: str, fingerprint: str) -> Dataset:  # noqa: ARG001 - part of the key
    return data.load_content(_opened, name, fingerprint)


OF_PEOPLE = (_dataset,)

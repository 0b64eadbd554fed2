"""What is in the data: its portrait, its customers, their segments."""

import streamlit as st

from reco_lab.core.segment import Definition
from reco_lab.services import (
    explore,
    segment_looks,
)
from reco_lab.services.explore import Choices, Portrait, Scope
from reco_lab.services.segment_looks import Look, Shop
from reco_lab.store.records import DatasetVersion
from reco_lab.ui.cache._opening import dataset
from reco_lab.workspace import Workspace


def portrait(opened: Workspace, version: DatasetVersion, asked: Scope) -> Portrait:
    """What is in a part of a data set."""
    return _portrait(opened, str(opened.home), version.name, version.fingerprint, asked, repr(asked))


def choices(opened: Workspace, version: DatasetVersion) -> Choices:
    """What a data set can be filtered by."""
    return _choices(opened, str(opened.home), version.name, version.fingerprint)


def shop(opened: Workspace, version: DatasetVersion) -> Shop:
    """All customers of a data set, measured."""
    return _shop(opened, str(opened.home), version.name, version.fingerprint)


def look(opened: Workspace, version: DatasetVersion, rule: Definition) -> Look:
    """A segment on the newest data."""
    return _look(opened, str(opened.home), version.name, version.fingerprint, rule.model_dump_json(), rule)


@st.cache_resource(max_entries=24, show_spinner="Looking at the data from every side…", show_time=True)
def _portrait(
    _opened: Workspace,
    home: str,  # noqa: ARG001 - part of the key
    name: str,
    fingerprint: str,
    _asked: Scope,
    key: str,  # noqa: ARG001 - part of the key
) -> Portrait:
    return explore.portrait(_opened, dataset(_opened, name, fingerprint), _asked)


@st.cache_resource(max_entries=24, show_spinner=False)
def _choices(_opened: Workspace, home: str, name: str, fingerprint: str) -> Choices:  # noqa: ARG001 - part of the key
    return explore.choices(dataset(_opened, name, fingerprint))


@st.cache_resource(max_entries=4, show_spinner="Looking at every customer…")
def _shop(_opened: Workspace, home: str, name: str, fingerprint: str) -> Shop:  # noqa: ARG001 - part of the key
    return segment_looks.know(dataset(_opened, name, fingerprint))


@st.cache_resource(max_entries=64, show_spinner="Counting…")
def _look(
    _opened: Workspace,
    home: str,
    name: str,
    fingerprint: str,
    key: str,  # noqa: ARG001 - part of the key
    _rule: Definition,
) -> Look:
    return segment_looks.look(_shop(_opened, home, name, fingerprint), _rule)


OF_PEOPLE = (_portrait, _choices, _shop, _look)

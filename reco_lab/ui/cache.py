"""The only caches: one workspace a process, data and models by fingerprint, all of them bounded."""

import os
from pathlib import Path

import streamlit as st

from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import Experiment
from reco_lab.core.splitting import Split
from reco_lab.experiments.results import Comparison, SplitSummary
from reco_lab.services import customers, data, demo, experiments, explore
from reco_lab.services.customers import Microscope
from reco_lab.services.explore import Choices, Portrait, Scope
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace


def workspace() -> Workspace:
    """The workspace of this process; the first visitor opens it, and the demo shop comes in with it.

    Set RECO_LAB_DEMO=0 to start without the demo shop.
    """
    return _workspace(os.environ.get("RECO_LAB_HOME", ""), os.environ.get("RECO_LAB_DEMO", "1") != "0")


def dataset(opened: Workspace, name: str, fingerprint: str) -> Dataset:
    """A data set of the workspace, loaded once."""
    return _dataset(opened, str(opened.home), name, fingerprint)


def comparison(opened: Workspace, experiment: str) -> Comparison:
    """What a finished experiment found."""
    return _comparison(opened, str(opened.home), experiment)


def microscope(opened: Workspace, experiment: str) -> Microscope:
    """The fitted models of a finished experiment, loaded once and shared by all sessions."""
    return _microscope(opened, str(opened.home), experiment)


def cut(opened: Workspace, experiment: str) -> Split:
    """The (first) cut of a finished experiment."""
    return _cut(opened, str(opened.home), experiment)


def preview_cut(data_set: Dataset, asked: Experiment) -> tuple[SplitSummary, Split]:
    """What the split of a question would leave, and the (first) cut itself."""
    return _preview_cut(data_set, asked, asked.key(data_set.fingerprint))


def portrait(opened: Workspace, version: DatasetVersion, asked: Scope) -> Portrait:
    """What is in a part of a data set."""
    return _portrait(opened, str(opened.home), version.name, version.fingerprint, asked, repr(asked))


def choices(opened: Workspace, version: DatasetVersion) -> Choices:
    """What a data set can be filtered by."""
    return _choices(opened, str(opened.home), version.name, version.fingerprint)


@st.cache_resource(max_entries=8, show_spinner="Looking at the file…")
def preview(path: Path, header: bool | None) -> data.Preview:
    """The first look at a staged file."""
    return data.preview(path, header=header)


@st.cache_resource(max_entries=4, show_spinner="Opening the workspace…")
def _workspace(home: str, demo_wanted: bool) -> Workspace:  # noqa: ARG001 - part of the key
    opened = Workspace.open()
    if demo_wanted and not any(one.comparison for one in experiments.listing(opened, demo.DEMO)):
        demo.submit_demo(opened)
    return opened


@st.cache_resource(max_entries=4, show_spinner="Loading the data…")
def _dataset(_opened: Workspace, home: str, name: str, fingerprint: str) -> Dataset:  # noqa: ARG001 - parts of the key
    return data.load_dataset(_opened, name)


@st.cache_resource(max_entries=32, show_spinner=False)
def _comparison(_opened: Workspace, home: str, experiment: str) -> Comparison:  # noqa: ARG001 - part of the key
    return experiments.comparison(_opened, experiment)


@st.cache_resource(max_entries=4, show_spinner="Cutting the data…")
def _cut(_opened: Workspace, home: str, experiment: str) -> Split:  # noqa: ARG001 - part of the key
    return experiments.recall(_opened, experiment).splits[0]


@st.cache_resource(max_entries=4, show_spinner="Cutting the data…")
def _preview_cut(_data: Dataset, _asked: Experiment, key: str) -> tuple[SplitSummary, Split]:  # noqa: ARG001 - the key
    return experiments.split_preview(_data, _asked), experiments.cuts(_data, _asked)[0]


@st.cache_resource(max_entries=2, show_spinner="Loading the models…")
def _microscope(_opened: Workspace, home: str, experiment: str) -> Microscope:  # noqa: ARG001 - part of the key
    return customers.microscope(_opened, experiment)


@st.cache_resource(max_entries=24, show_spinner="Looking at the data from every side…", show_time=True)
def _portrait(
    _opened: Workspace,
    home: str,
    name: str,
    fingerprint: str,
    _asked: Scope,
    key: str,  # noqa: ARG001 - the key
) -> Portrait:
    return explore.portrait(_opened, dataset(_opened, name, fingerprint), _asked)


@st.cache_resource(max_entries=24, show_spinner=False)
def _choices(_opened: Workspace, home: str, name: str, fingerprint: str) -> Choices:  # noqa: ARG001 - part of the key
    return explore.choices(dataset(_opened, name, fingerprint))

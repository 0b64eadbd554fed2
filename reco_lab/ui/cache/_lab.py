"""What finished experiments found, and what a question would ask."""

import streamlit as st

from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import Experiment
from reco_lab.core.splitting import Split
from reco_lab.experiments.forecast import Work
from reco_lab.experiments.inspection import Inspection
from reco_lab.experiments.learning import Curve
from reco_lab.experiments.results import Comparison, SplitSummary
from reco_lab.services import (
    customers,
    experiments,
    forecasts,
    learning,
    other_splits,
    tradeoffs,
)
from reco_lab.services import evidence as behind
from reco_lab.services import story as stories
from reco_lab.services.customers import Microscope
from reco_lab.services.evidence import Evidence, Way
from reco_lab.services.segments import listing
from reco_lab.services.story import Story
from reco_lab.services.tradeoffs import Dragged
from reco_lab.store.segments import SegmentRecord
from reco_lab.workspace import Workspace


def comparison(opened: Workspace, experiment: str) -> Comparison:
    """What a finished experiment found."""
    return _comparison(opened, str(opened.home), experiment)


def microscope(opened: Workspace, experiment: str) -> Microscope:
    """The fitted models of a finished experiment, loaded once and shared by all sessions."""
    return _microscope(opened, str(opened.home), experiment)


def evidence(opened: Workspace, experiment: str) -> Evidence:
    """The lists of a finished experiment, measured customer by customer."""
    return _evidence(opened, str(opened.home), experiment)


def saved_ways(opened: Workspace, experiment: str, saved: list[SegmentRecord]) -> dict[str, Way]:
    """The saved segments as ways to part the customers of a finished experiment."""
    key = repr([(one.id, one.title, one.definition) for one in saved])
    return _saved_ways(opened, str(opened.home), experiment, key, saved)


def story(opened: Workspace, experiment: str, way: str) -> Story | None:
    """What can be told of a finished experiment to somebody who was not there, for one way to part the customers."""
    saved = listing(opened, evidence(opened, experiment).found.dataset)
    key = repr([(one.id, one.title, one.definition) for one in saved])
    return _story(opened, str(opened.home), experiment, way, key, saved)


def dragged(opened: Workspace, experiment: str, name: str, label: str) -> Dragged:
    """All metrics of a model's lists at each strength of a re-ranker."""
    return _dragged(opened, str(opened.home), experiment, name, label)


def cold_start(opened: Workspace, experiment: str, name: str) -> Curve | str:
    """A finished model by how much of a history it is told, or why it cannot be asked so."""
    return _cold_start(opened, str(opened.home), experiment, name)


def inspection(opened: Workspace, experiment: str) -> Inspection:
    """What the (first) split of a finished experiment leaves and leaks."""
    return _inspection(opened, str(opened.home), experiment)


def alternatives(opened: Workspace, experiment: str) -> dict[str, str]:
    """The other kinds of split, with the reason where the data cannot be cut so."""
    return _alternatives(opened, str(opened.home), experiment)


def cut(opened: Workspace, experiment: str) -> Split:
    """The (first) cut of a finished experiment."""
    return _cut(opened, str(opened.home), experiment)


def preview_cut(opened: Workspace, data_set: Dataset, asked: Experiment) -> tuple[SplitSummary, Split]:
    """What the split of a question would leave, and the (first) cut itself."""
    return _preview_cut(str(opened.home), data_set, asked, asked.key(data_set.fingerprint))


def work(opened: Workspace, data_set: Dataset, asked: Experiment) -> Work:
    """How much there is to do in one fit of a question."""
    return _work(str(opened.home), data_set, asked, asked.key(data_set.fingerprint))


@st.cache_resource(max_entries=32, show_spinner=False)
def _comparison(_opened: Workspace, home: str, experiment: str) -> Comparison:  # noqa: ARG001 - part of the key
    return experiments.comparison(_opened, experiment)


@st.cache_resource(max_entries=4, show_spinner="Looking at every customer…")
def _evidence(_opened: Workspace, home: str, experiment: str) -> Evidence:  # noqa: ARG001 - part of the key
    return behind.evidence(_opened, experiment)


@st.cache_resource(max_entries=8, show_spinner="Looking who was in which segment…")
def _saved_ways(
    _opened: Workspace,
    home: str,  # noqa: ARG001 - part of the key
    experiment: str,
    key: str,  # noqa: ARG001 - part of the key
    _saved: list[SegmentRecord],
) -> dict[str, Way]:
    return evidence(_opened, experiment).saved_ways(_saved)


@st.cache_resource(max_entries=16, show_spinner="Putting the story together…")
def _story(
    _opened: Workspace,
    home: str,  # noqa: ARG001 - part of the key
    experiment: str,
    way: str,
    key: str,  # noqa: ARG001 - part of the key
    _saved: list[SegmentRecord],
) -> Story | None:
    return stories.story(evidence(_opened, experiment), way, saved_ways(_opened, experiment, _saved))


@st.cache_resource(max_entries=32, show_spinner="Trying every strength…")
def _dragged(_opened: Workspace, home: str, experiment: str, name: str, label: str) -> Dragged:  # noqa: ARG001 - part of the key
    return tradeoffs.drag(_opened, evidence(_opened, experiment), name, label)


@st.cache_resource(max_entries=64, show_spinner="Shortening the histories…")
def _cold_start(_opened: Workspace, home: str, experiment: str, name: str) -> Curve | str:  # noqa: ARG001 - part of the key
    return learning.cold_start(_opened, evidence(_opened, experiment), name)


@st.cache_resource(max_entries=16, show_spinner="Looking into the split…")
def _inspection(_opened: Workspace, home: str, experiment: str) -> Inspection:  # noqa: ARG001 - part of the key
    return other_splits.inspection(_opened, experiment)


@st.cache_resource(max_entries=16, show_spinner="Trying the other splits…")
def _alternatives(_opened: Workspace, home: str, experiment: str) -> dict[str, str]:  # noqa: ARG001 - part of the key
    return other_splits.alternatives(_opened, experiment)


@st.cache_resource(max_entries=4, show_spinner="Cutting the data…")
def _cut(_opened: Workspace, home: str, experiment: str) -> Split:  # noqa: ARG001 - part of the key
    return experiments.recall(_opened, experiment).splits[0]


@st.cache_resource(max_entries=4, show_spinner="Cutting the data…")
def _preview_cut(
    home: str,  # noqa: ARG001 - part of the key
    _data: Dataset,
    _asked: Experiment,
    key: str,  # noqa: ARG001 - part of the key
) -> tuple[SplitSummary, Split]:
    return experiments.split_preview(_data, _asked), experiments.cuts(_data, _asked)[0]


@st.cache_resource(max_entries=16, show_spinner=False)
def _work(
    home: str,
    _data: Dataset,
    _asked: Experiment,
    key: str,
) -> Work:
    return forecasts.work(_preview_cut(home, _data, _asked, key)[1])


@st.cache_resource(max_entries=2, show_spinner="Loading the models…")
def _microscope(_opened: Workspace, home: str, experiment: str) -> Microscope:  # noqa: ARG001 - part of the key
    return customers.microscope(_opened, experiment)


OF_PEOPLE = (
    _comparison,
    _evidence,
    _saved_ways,
    _story,
    _dragged,
    _cold_start,
    _inspection,
    _alternatives,
    _cut,
    _preview_cut,
    _work,
    _microscope,
)

"""The only caches: one workspace a process, data and models by fingerprint, all of them bounded."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import streamlit as st

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.core.experiment import Columns, Experiment
from reco_lab.core.recipe import Reading
from reco_lab.core.segment import Definition
from reco_lab.core.splitting import Split
from reco_lab.experiments.forecast import Work
from reco_lab.experiments.inspection import Inspection
from reco_lab.experiments.learning import Curve
from reco_lab.experiments.results import Comparison, SplitSummary
from reco_lab.services import (
    ad_calls,
    analytics,
    customers,
    data,
    decisions,
    demo,
    experiments,
    explore,
    forecasts,
    learning,
    other_splits,
    segment_looks,
    surveys,
    tradeoffs,
    upkeep,
)
from reco_lab.services import evidence as behind
from reco_lab.services.ad_calls import Caller
from reco_lab.services.analytics import Traffic
from reco_lab.services.customers import Microscope
from reco_lab.services.evidence import Evidence, Way
from reco_lab.services.explore import Choices, Portrait, Scope
from reco_lab.services.onlooking import Onlooker
from reco_lab.services.segment_looks import Look, Shop
from reco_lab.services.surveys import Survey
from reco_lab.services.tradeoffs import Dragged
from reco_lab.store.events.log import EventLog
from reco_lab.store.records import DatasetVersion
from reco_lab.store.segments import SegmentRecord
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


def evidence(opened: Workspace, experiment: str) -> Evidence:
    """The lists of a finished experiment, measured customer by customer."""
    return _evidence(opened, str(opened.home), experiment)


def saved_ways(opened: Workspace, experiment: str, saved: list[SegmentRecord]) -> dict[str, Way]:
    """The saved segments as ways to part the customers of a finished experiment."""
    key = repr([(one.id, one.title, one.definition) for one in saved])
    return _saved_ways(opened, str(opened.home), experiment, key, saved)


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


def events(opened: Workspace) -> EventLog:
    """The log of decisions, for reading."""
    return _events(opened, str(opened.home), "reading")


def caller(opened: Workspace, url: str) -> Caller:
    """Calls the service at an address, with one key for all visitors of this app where it needs one."""
    return _caller(opened, str(opened.home), url)


def onlooker(opened: Workspace) -> Onlooker:
    """Sees how every ad stands for a customer, by what is published now."""
    serving = opened.publications.serving()
    return _onlooker(opened, str(opened.home), "" if serving is None else f"{serving.number}")


def preview(
    opened: Workspace, path: Path, header: bool | None, options: Mapping[str, Any] | None = None
) -> data.Preview:
    """The first look at a file; a file that changed is looked at again."""
    return _preview(str(opened.home), path, _stamp(path), header, dict(options or {}))


def quality(
    opened: Workspace,
    path: Path,
    columns: Columns,
    header: bool | None,
    options: Mapping[str, Any],
    reading: Reading,
) -> data.QualityReport:
    """What is wrong in a file, every row looked at."""
    key = (columns.model_dump_json(), header, repr(sorted(options.items())), repr(reading))
    return _quality(
        opened, str(opened.home), path, _stamp(path), key, columns, header, dict(options), reading
    )


def traffic(opened: Workspace, path: Path, options: Mapping[str, Any]) -> Traffic:
    """A file seen as web analytics, every event counted."""
    return _traffic(str(opened.home), path, _stamp(path), dict(options))


def survey(opened: Workspace, path: Path, header: bool | None, options: Mapping[str, Any]) -> Survey:
    """A file seen as a survey."""
    return _survey(str(opened.home), path, _stamp(path), header, dict(options))


def preview_cut(opened: Workspace, data_set: Dataset, asked: Experiment) -> tuple[SplitSummary, Split]:
    """What the split of a question would leave, and the (first) cut itself."""
    return _preview_cut(str(opened.home), data_set, asked, asked.key(data_set.fingerprint))


def work(opened: Workspace, data_set: Dataset, asked: Experiment) -> Work:
    """How much there is to do in one fit of a question."""
    return _work(str(opened.home), data_set, asked, asked.key(data_set.fingerprint))


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


@st.cache_resource(max_entries=8, show_spinner="Looking at the file…")
def _preview(
    home: str,  # noqa: ARG001 - part of the key
    path: Path,
    stamp: tuple[int, int],  # noqa: ARG001 - part of the key
    header: bool | None,
    options: dict[str, Any],
) -> data.Preview:
    return data.preview(path, header=header, **options)


@st.cache_resource(max_entries=8, show_spinner="Counting the events…", show_time=True)
def _traffic(
    home: str,  # noqa: ARG001 - part of the key
    path: Path,
    stamp: tuple[int, int],  # noqa: ARG001 - part of the key
    options: dict[str, Any],
) -> Traffic:
    return analytics.traffic(path, options)


@st.cache_resource(max_entries=8, show_spinner="Looking at every row…", show_time=True)
def _quality(
    _opened: Workspace,
    home: str,  # noqa: ARG001 - part of the key
    path: Path,
    stamp: tuple[int, int],  # noqa: ARG001 - part of the key
    key: tuple[object, ...],  # noqa: ARG001 - part of the key
    _columns: Columns,
    _header: bool | None,
    _options: dict[str, Any],
    _reading: Reading,
) -> data.QualityReport:
    return data.quality(_opened, path, _columns, header=_header, reading=_reading, options=_options)


@st.cache_resource(max_entries=4, show_spinner="Looking at the questions…")
def _survey(
    home: str,  # noqa: ARG001 - part of the key
    path: Path,
    stamp: tuple[int, int],  # noqa: ARG001 - part of the key
    header: bool | None,
    options: dict[str, Any],
) -> Survey:
    return surveys.look(path, header=header, **options)


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when a file does; a file that is gone is said where it is read."""
    if not path.is_file():
        return 0, 0
    state = path.stat()
    return state.st_mtime_ns, state.st_size


@st.cache_resource(max_entries=4, show_spinner="Opening the workspace…")
def _workspace(home: str, demo_wanted: bool) -> Workspace:  # noqa: ARG001 - part of the key
    opened = Workspace.open()
    Thread(target=customers.prepare, daemon=True).start()
    if demo_wanted and not any(one.comparison for one in experiments.listing(opened, demo.DEMO)):
        demo.submit_demo(opened)
    with suppress(InputError):  # a backup at work keeps tidying out; the next start does it
        upkeep.tidy_if_due(opened)
    return opened


@st.cache_resource(max_entries=4, show_spinner="Loading the data…")
def _dataset(_opened: Workspace, home: str, name: str, fingerprint: str) -> Dataset:  # noqa: ARG001 - part of the key
    versions = _opened.store.versions(name)
    known = {one.fingerprint: one.version for one in versions}
    return data.load_dataset(_opened, name, known.get(fingerprint))


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


@st.cache_resource(max_entries=2, show_spinner=False)
def _events(_opened: Workspace, home: str, key: str) -> EventLog:  # noqa: ARG001 - part of the key
    return decisions.open_log(_opened)


@st.cache_resource(max_entries=4, ttl="12h", show_spinner=False)
def _caller(_opened: Workspace, home: str, key: str) -> Caller:  # noqa: ARG001 - part of the key
    return ad_calls.caller(_opened, key)


@st.cache_resource(max_entries=2, show_spinner="Loading what is published…")
def _onlooker(_opened: Workspace, home: str, key: str) -> Onlooker:  # noqa: ARG001 - part of the key
    return Onlooker.open(_opened)


@st.cache_resource(max_entries=2, show_spinner="Loading the models…")
def _microscope(_opened: Workspace, home: str, experiment: str) -> Microscope:  # noqa: ARG001 - part of the key
    return customers.microscope(_opened, experiment)


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


def forget_people() -> None:
    """Drop whatever may hold data of a customer who was erased; it is read anew when it is asked for."""
    of_people = (
        _preview, _quality, _survey, _traffic, _dataset, _comparison, _evidence, _dragged, _cold_start, _inspection,
        _alternatives, _cut, _preview_cut, _work, _onlooker, _microscope, _portrait, _choices, _shop, _look, _saved_ways,
    )  # fmt: skip
    for one in of_people:
        one.clear()

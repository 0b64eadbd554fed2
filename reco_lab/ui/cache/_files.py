"""Files and tables on their way in, looked at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from reco_lab.core.experiment import Columns
from reco_lab.core.recipe import Origin, Reading
from reco_lab.services import (
    analytics,
    data,
    databases,
    surveys,
)
from reco_lab.services.analytics import Traffic
from reco_lab.services.databases import Peek, Place, Tables
from reco_lab.services.surveys import Survey
from reco_lab.workspace import Workspace


def preview(
    opened: Workspace, path: Path, header: bool | None, options: Mapping[str, Any] | None = None
) -> data.Preview:
    """The first look at a file; a file that changed is looked at again."""
    return _preview(str(opened.home), path, _stamp(path), header, dict(options or {}))


def tables(opened: Workspace, name: str, place: Place, since: str = "") -> Tables:
    """The tables that may be read through a connection, as they were at most a minute ago and after `since` happened."""
    return _tables(opened, str(opened.home), name, f"{place.model_dump_json()} {since}")


def peek(opened: Workspace, origin: Origin, place: Place, since: str = "") -> Peek:
    """The first rows of a table or a query, as they were at most a minute ago and after `since` happened."""
    key = f"{origin.model_dump_json()} {place.model_dump_json()} {since}"
    return _peek(opened, str(opened.home), origin, key)


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


@st.cache_resource(max_entries=8, show_spinner="Looking at the file…")
def _preview(
    home: str,  # noqa: ARG001 - part of the key
    path: Path,
    stamp: tuple[int, int],  # noqa: ARG001 - part of the key
    header: bool | None,
    options: dict[str, Any],
) -> data.Preview:
    return data.preview(path, header=header, **options)


@st.cache_resource(max_entries=16, ttl=60, show_spinner="Asking the database…")
def _tables(_opened: Workspace, home: str, name: str, key: str) -> Tables:  # noqa: ARG001 - part of the key
    return databases.tables(_opened, name)


@st.cache_resource(max_entries=16, ttl=60, show_spinner="Asking the database…", show_time=True)
def _peek(_opened: Workspace, home: str, _origin: Origin, key: str) -> Peek:  # noqa: ARG001 - part of the key
    return databases.look(_opened, _origin)


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


@st.cache_resource(max_entries=8, show_spinner="Counting the events…", show_time=True)
def _traffic(
    home: str,  # noqa: ARG001 - part of the key
    path: Path,
    stamp: tuple[int, int],  # noqa: ARG001 - part of the key
    options: dict[str, Any],
) -> Traffic:
    return analytics.traffic(path, options)


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


OF_PEOPLE = (_peek, _preview, _quality, _traffic, _survey)

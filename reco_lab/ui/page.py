"""The guard that every page calls: title, data set, and errors that never show a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.services import data, experiments
from reco_lab.store.own_time import rehearsed, stands_still
from reco_lab.store.records import DatasetVersion
from reco_lab.ui import cache, linked, show, state
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

PAGES = Path(__file__).resolve().parents[2] / "pages"
HOME = PAGES / "start" / "home.py"
DATA = PAGES / "data" / "data.py"
EXPLORE = PAGES / "data" / "explore.py"
SEGMENTS = PAGES / "data" / "segments.py"
EXPERIMENT = PAGES / "lab" / "experiment.py"
COMPARE = PAGES / "lab" / "compare.py"
RECOMMENDERS = PAGES / "lab" / "recommenders.py"
CALIBRATION = PAGES / "lab" / "calibration.py"
CUSTOMER = PAGES / "lab" / "customer.py"
CAMPAIGNS = PAGES / "market" / "campaigns.py"
ADS = PAGES / "market" / "ads.py"
MONITOR = PAGES / "market" / "monitor.py"
REPORT = PAGES / "market" / "report.py"
SETTINGS = PAGES / "market" / "settings.py"


@dataclass(frozen=True)
class Lab:
    """What a page has to work with: the workspace, the chosen data set (None: there is none), the mode."""

    workspace: Workspace
    version: DatasetVersion | None
    expert: bool

    @property
    def chosen(self) -> DatasetVersion:
        """The chosen data set; asked for only where there is one."""
        if self.version is None:
            raise InputError("No data set is chosen.", fix="Bring data in on the Data page.")
        return self.version

    def dataset(self) -> Dataset:
        """The chosen data set's content."""
        return cache.dataset(self.workspace, self.chosen.name, self.chosen.fingerprint)


@contextmanager
def open(title: str, *, of_data: bool = True) -> Iterator[Lab]:  # noqa: A001 - pages say `page.open(...)`
    """Open a page: its title, the sidebar, and a guard around everything the page does.

    An address with `rehearsal=1` opens the workspace of the last rehearsal instead of the person's own.
    A page that is not about the chosen data set (`of_data`) does not say that it is simulated.
    """
    heading = st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute")
    if not show.presenting():
        heading.title(title, anchor=False, width="content")
    try:
        workspace = cache.workspace()
        if st.query_params.get(state.REHEARSAL) == "1":
            workspace = cache.rehearsal(workspace)
            with heading:
                show.rehearsed(over=stands_still(workspace.clock))
    except NotFoundError as error:
        show.mistake(error)
        if state.REHEARSAL in st.query_params and st.button("Open Ads", type="primary", key="mend"):
            show.go(ADS)
        st.stop()
    except Exception as error:  # noqa: BLE001 - there is no workspace, so there is no log to write to
        show.closed(error)
        st.stop()
    with guard(workspace):
        cache.heed_erasures(workspace)
        lab = _linked(workspace) if show.presenting() else _sidebar(workspace)
        if of_data and lab.version is not None and lab.version.synthetic and not rehearsed(workspace.home):
            with heading:
                show.synthetic()
        _notice()
        yield lab


def _notice() -> None:
    """Say what was kept for this page. Its place is there always: what moves closes what a person had open below."""
    with st.container():
        if sentence := state.told():
            st.success(md(sentence), icon=":material/check_circle:")


@contextmanager
def guard(workspace: Workspace) -> Iterator[None]:
    """Show a person's mistake as its sentence; log any other error and show the reference.

    A part of a page that is drawn again by itself needs a guard of its own.
    """
    try:
        yield
    except InputError as error:
        show.mistake(error)
    except Exception as error:  # noqa: BLE001 - the last stop before the screen: logged, never swallowed
        show.fault(workspace.log.reference(error))


def _sidebar(workspace: Workspace) -> Lab:
    versions = {version.name: version for version in data.list_datasets(workspace)}
    with st.sidebar:
        chosen = None
        if versions:
            _follow_experiment(workspace)
            titles = {name: version.title or name for name, version in versions.items()}
            chosen = versions[linked.choice("Data set", titles, key=state.DATASET, noun="data set")]
            st.caption(size(chosen))
        if state.TRIED in st.query_params:
            state.choose(state.EXPERT, True)
        expert = st.toggle(
            "Expert",
            key=state.EXPERT,
            bind="query-params",
            help="Plain shows the answer and one way to go on. Expert shows every setting and every number.",
        )
    return Lab(workspace, chosen, expert)


def _linked(workspace: Workspace) -> Lab:
    """The data set that the address names, else the first; nothing is asked."""
    versions = {version.name: version for version in data.list_datasets(workspace)}
    _follow_experiment(workspace)
    first = next(iter(versions.values()), None)
    return Lab(workspace, versions.get(st.query_params.get(state.DATASET, ""), first), expert=False)


def size(version: DatasetVersion) -> str:
    """How large a data set is, in words."""
    summary = version.summary
    parts = (("customers", "customer"), ("items", "item"), ("rows", "interaction"))
    return " · ".join(count(int(summary[key]), noun) for key, noun in parts if key in summary)


def _follow_experiment(workspace: Workspace) -> None:
    """A link to an experiment brings its data set with it, whatever was chosen before."""
    asked = st.query_params.get(state.EXPERIMENT)
    if asked is None or linked.followed(state.EXPERIMENT) == asked:
        return
    for record in experiments.listing(workspace):
        if record.id == asked:
            st.query_params[state.DATASET] = record.dataset

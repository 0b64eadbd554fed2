import os
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.components.v2.manifest_scanner import scan_component_manifests
from streamlit.testing.v1 import AppTest

from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import Experiment
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services import data, experiments, upkeep
from reco_lab.ui.words import joined
from reco_lab.workspace import Workspace

APP = Path(__file__).resolve().parents[2] / "app.py"
NASTY = "**Bold** [x](http://a.example) $e$ :smile: <b>hi</b>"


def small_shop():
    """60 customers of two tastes, 20 items; the first item's title is full of markup."""
    rng = np.random.default_rng(3)
    rows = [
        (f"c{user:02d}", f"i{item:02d}", f"2026-03-{day:02d}")
        for user in range(60)
        for day, item in enumerate(rng.choice(10, 7, replace=False) + 10 * (user % 2), start=1)
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "time"]).astype({"time": "datetime64[us]"})
    items = pd.DataFrame(
        {"title": [NASTY, *(f"Thing {n}" for n in range(1, 20))], "price": np.linspace(1, 20, 20)},
        index=[f"i{n:02d}" for n in range(20)],
    )
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time"))
    return Dataset.join("small-shop", log, items=items, synthetic=True)


def asked(name="Which one?", **changes):
    values = {
        "name": name,
        "data": {"dataset": "small-shop"},
        "split": {"kind": "last_n"},
        "recommenders": [
            {"algorithm": "item_knn"},
            {"algorithm": "ease"},
            {"algorithm": "ials", "factors": 4},
        ],
        "metrics": {"names": ["ndcg", "recall", "coverage"], "k": [5]},
    }
    return Experiment.model_validate(values | changes)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A home with the small shop and one finished comparison."""
    home = tmp_path_factory.mktemp("finished")
    workspace = Workspace.open(home)
    data.save_dataset(workspace, small_shop(), "Small shop")
    experiments.run(workspace, asked(), report=lambda _fraction, _message: None)
    upkeep.tidy_if_due(workspace)  # no visitor of a copy has to
    workspace.close()
    return home


@pytest.fixture(scope="session", autouse=True)
def _what_is_installed_is_looked_through_once():
    """Streamlit reads the papers of every installed package whenever a test opens the app."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def _no_process_is_started(monkeypatch):
    monkeypatch.setattr("reco_lab.ui.board.ensure_worker", lambda _workspace: True)
    monkeypatch.setenv("RECO_LAB_DEMO", "0")


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("RECO_LAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Makes a copy of a home the workspace of the app."""

    def enter(made):
        home = tmp_path / "home"
        shutil.copytree(made, home)
        monkeypatch.setenv("RECO_LAB_HOME", str(home))
        return Workspace.open(home)

    return enter


@pytest.fixture
def shop(finished, copied):
    """A workspace of one's own with the small shop and its finished comparison."""
    return copied(finished)


@pytest.fixture
def visit():
    """Opens a page by a link, as the first thing of a visit."""

    def go(path, **query):
        browser = AppTest.from_file(str(APP), default_timeout=30)
        browser.query_params.update(query)
        browser.switch_page(path).run()
        assert not browser.exception
        return browser

    os.chdir(APP.parent)
    return go


@pytest.fixture
def question():
    """Makes an experiment on the small shop."""
    return asked


@pytest.fixture
def other_shop():
    return replace(small_shop(), name="another-shop", synthetic=False)


def words(browser):
    """Everything that the page says."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    return "\n".join(
        f"{getattr(one.proto, 'title', '')} {one.value}" for kind in kinds for one in browser.get(kind)
    )


@pytest.fixture
def says():
    """What the page says, without the signs that keep text from data literal."""
    return lambda browser: joined(words(browser).replace("\\", ""))


@pytest.fixture
def beside():
    """Whether two buttons of a page, by their labels, stand side by side."""

    def found(block, *labels):
        parts = block.children.values()
        here = {one.label for one in parts if one.type == "button"}
        return here.issuperset(labels) or any(
            found(one, *labels) for one in parts if hasattr(one, "children")
        )

    return lambda browser, *labels: found(browser.main, *labels)

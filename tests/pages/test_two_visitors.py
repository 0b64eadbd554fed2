"""What one visitor sees is never another's: two sessions in one server, each on a data set of its own."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import Experiment
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services import data, experiments
from reco_lab.workspace import Workspace

INTERACTIONS = 200
ENOUGH = 20  # of its hundred turns a session shows its own mark: proof that the mark can be seen at all
MARKS = {"first": "ALPHA", "second": "BRAVO"}
PAGES = ("start/home", "data/explore", "lab/experiment", "lab/compare", "lab/customer")
BUTTONS = ("Strike", "Bring back", "Add to history", "Surprise me")


def marked_shop(name, mark):
    """A small shop whose every id, title, category and attribute carries the mark."""
    rng = np.random.default_rng(len(mark))
    rows = [
        (f"{mark} customer {user}", f"{mark} item {item}", f"2026-03-{day:02d}")
        for user in range(40)
        for day, item in enumerate(rng.choice(12, 6, replace=False) + 12 * (user % 2), start=1)
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "time"]).astype({"time": "datetime64[us]"})
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time"))
    items = pd.DataFrame(
        {"title": [f"{mark} title {n}" for n in range(24)], "category": f"{mark} category"},
        index=[f"{mark} item {n}" for n in range(24)],
    )
    people = pd.DataFrame({"town": f"{mark} town"}, index=[f"{mark} customer {n}" for n in range(40)])
    return Dataset.join(name, log, people, items)


@pytest.fixture
def two_shops(tmp_path, monkeypatch):
    """A home with two data sets, each with a finished comparison."""
    workspace = Workspace.open(tmp_path / "home")
    monkeypatch.setenv("RECO_LAB_HOME", str(tmp_path / "home"))
    for name, mark in MARKS.items():
        data.save_dataset(workspace, marked_shop(name, mark), name)
        asked = {
            "name": f"{mark} comparison",
            "data": {"dataset": name},
            "split": {"kind": "last_n"},
            "recommenders": [{"algorithm": "item_knn"}, {"algorithm": "ease"}],
            "metrics": {"names": ["ndcg", "coverage"], "k": [5]},
        }
        experiments.run(workspace, Experiment.model_validate(asked), report=lambda _fraction, _message: None)
    workspace.close()


def shown(browser):
    """All that was sent to the browser, tables and charts included."""
    return "\n".join(str(getattr(one, "proto", "")) for one in browser._tree)


def act(browser, rng):
    """Go to another page, or press one of the buttons of this one."""
    pressed = [one for one in browser.button if one.label in BUTTONS and not one.disabled]
    if pressed and rng.random() < 0.6:
        pressed[rng.integers(len(pressed))].click().run()
    else:
        browser.switch_page(f"pages/{rng.choice(PAGES)}.py").run()


@pytest.mark.slow
def test_two_visitors_never_see_each_others_data(two_shops, visit):
    rng = np.random.default_rng(7)
    sessions = {name: visit("pages/lab/customer.py", dataset=name) for name in MARKS}
    own = dict.fromkeys(MARKS, 0)

    for turn in range(INTERACTIONS):
        name = tuple(MARKS)[turn % 2]
        act(sessions[name], rng)
        assert not sessions[name].exception
        text = shown(sessions[name])
        (other,) = set(MARKS.values()) - {MARKS[name]}
        assert other not in text
        own[name] += MARKS[name] in text

    assert min(own.values()) >= ENOUGH

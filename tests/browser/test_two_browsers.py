"""What one visitor sees is never another's: two browsers on one server at once, each on a data set of its own."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import Experiment
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services import data, experiments
from reco_lab.testing.hostile import SAID, settle
from reco_lab.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]

INTERACTIONS = 80
# the pages of the tour are those about one data set: Data lists all that the workspace holds
MARKS = {"first": "ALPHA", "second": "BRAVO"}
# clicks at once what is there: between a look and a click the page may be drawn anew
ACT = r"""([which, place]) => {
  const links = [...document.querySelectorAll('[data-testid=stSidebarNav] a')]
    .filter(one => /(Home|Explore|Experiment|Compare|Customer)$/.test(one.innerText.trim()));
  const uses = /(Leave out|Put back|What if bought\?|Back to the true history|Surprise me)$/;
  const parts = [...document.querySelectorAll('[data-testid=stMain] [role=tab], [data-testid=stMain] button')]
    .filter(one => !one.disabled && (one.role === 'tab' || uses.test(one.innerText.trim())));
  const offered = which < 0.4 || !parts.length ? links : parts;
  if (!offered.length) throw new Error("there is nothing to click");
  offered[Math.floor(place * offered.length)].click();
}"""


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


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A home with two data sets, each with a finished comparison; the sidebar always says which one is chosen."""
    home = tmp_path_factory.mktemp("shared") / "home"
    workspace = Workspace.open(home)
    for name, mark in MARKS.items():
        data.save_dataset(workspace, marked_shop(name, mark), f"{mark} shop")
        asked = {
            "name": f"{mark} comparison",
            "data": {"dataset": name},
            "split": {"kind": "last_n"},
            "recommenders": [{"algorithm": "item_knn"}, {"algorithm": "ease"}],
            "metrics": {"names": ["ndcg", "coverage"], "k": [5]},
        }
        experiments.run(workspace, Experiment.model_validate(asked), report=lambda _fraction, _message: None)
    workspace.close()
    return home


def test_two_browsers_never_see_each_others_data(serve, visitors, shared):
    url = serve(shared)
    rng = np.random.default_rng(7)
    pages = {name: visitors() for name in MARKS}
    for name, page in pages.items():
        page.goto(f"{url}/customer?dataset={name}")
    for name, page in pages.items():
        settle(page)
        assert MARKS[name] in page.evaluate(SAID)

    for _ in range(INTERACTIONS // len(pages)):
        for page in pages.values():
            page.evaluate(ACT, [rng.random(), rng.random()])
        for name, page in pages.items():
            assert foreign(name) not in page.evaluate(SAID), "seen while the page was drawn"
        for name, page in pages.items():
            settle(page)
            said = page.evaluate(SAID)
            assert foreign(name) not in said, page.url
            assert MARKS[name] in said, page.url


def foreign(name):
    """The mark of the other one's data."""
    (other,) = set(MARKS.values()) - {MARKS[name]}
    return other

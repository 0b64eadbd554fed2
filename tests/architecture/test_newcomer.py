"""One new file is a new algorithm: on the command line, on the Experiment page and in the contract suite."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOY = '''
"""Toy: the items with the highest mean value."""

import numpy as np

from reco_lab.algorithms._shapes import SameForAll
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import Info, Recommender


class Toy(Recommender):
    """Rank items by their mean value, drawn towards 0 while there are few of them."""

    info = Info(
        label="Toy",
        family="baseline",
        summary="Shows everybody the items that were valued most by those who had them.",
        paper="None: an example of a file that adds an algorithm",
    )
    doubt: float = tunable(5.0, 0.0, 100.0, help="How many values of 0 every item begins with")

    def fit(self, data, ctx):
        """Learn the means; items x 1."""
        self.require(data)
        log = data.interactions
        ctx.report(0.0, "adding up")
        sums = np.bincount(log.items, log.values, log.n_items)
        counts = np.bincount(log.items, minlength=log.n_items)
        ctx.report(1.0, "done")
        return SameForAll((sums / np.maximum(counts + self.doubt, 1e-9)).astype(np.float32))

    def restore(self, state):
        """The scorer whose state this is."""
        return SameForAll.from_state(state)
'''
LIST = 'import sys; from reco_lab.cli import main; sys.exit(main(["algorithms", "--json"]))'
PAGE = """
import dataclasses
from streamlit.testing.v1 import AppTest
from reco_lab.services.data import save_dataset
from reco_lab.testing.shops import standard
from reco_lab.ui import board
from reco_lab.workspace import Workspace

board.ensure_worker = lambda _workspace: True

save_dataset(Workspace.open(), dataclasses.replace(standard().train, name="small-shop"))
app = AppTest.from_file("app.py", default_timeout=60)
page = app.switch_page("pages/lab/experiment.py").run()
page.toggle(key="expert").set_value(True).run()
assert not page.exception, page.exception
print([label for group in page.get("button_group") for label in group.options])
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Runs Python where a distribution called toy brings one file with an algorithm."""
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / "toy.py").write_text(TOY, "utf-8")
    about = folder / "toy-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 0\n", "utf-8")
    (about / "entry_points.txt").write_text("[reco_lab.algorithms]\ntoy = toy:Toy\n", "utf-8")
    paths = os.pathsep.join([str(folder), str(ROOT)])
    workspace = {"RECO_LAB_HOME": str(folder / "home"), "RECO_LAB_DEMO": "0"}
    environment = os.environ | workspace | {"PYTHONPATH": paths}

    def run(*arguments):
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_it_is_on_the_command_line(python):
    known = {one["algorithm"]: one for one in json.loads(python("-c", LIST))}

    assert known["toy"]["label"] == "Toy"
    assert [parameter["name"] for parameter in known["toy"]["parameters"]] == ["doubt"]


@pytest.mark.slow
def test_it_is_on_the_experiment_page(python):
    assert "'Toy'" in python("-c", PAGE)


@pytest.mark.slow
def test_it_keeps_the_contract_of_all_recommenders(python):
    suite = (
        "-m",
        "pytest",
        "-n0",
        "-p",
        "no:cacheprovider",
        "-q",
        "tests/contract/test_recommenders.py",
        "-k",
        "toy",
    )

    assert " passed" in python(*suite)

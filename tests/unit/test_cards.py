"""A run card repeats an experiment to the digit, or says what differs."""

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from reco_lab.core.errors import NotFoundError, SpecError
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec, Tuning
from reco_lab.experiments.card import repeated
from reco_lab.services.cards import rerun, run_card
from reco_lab.services.data import save_dataset
from reco_lab.services.experiments import listing, run
from reco_lab.workspace import Workspace
from tests.unit.test_customers import tastes


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    opened = Workspace.open(tmp_path_factory.mktemp("home"))
    save_dataset(opened, tastes())
    asked = Experiment(
        name="tastes",
        data=DataSpec(dataset="tastes"),
        split={"kind": "last_n"},
        recommenders=[{"algorithm": name} for name in ("item_knn", "ials", "bpr")],
        metrics=MetricSpec(names=("ndcg", "coverage"), k=(5,)),
        tuning=Tuning(trials=3),
    )
    run(opened, asked, quiet)
    yield opened
    opened.close()


def quiet(_fraction, _message):
    pass


@pytest.fixture
def written(workspace, tmp_path):
    """A card on the disk, changed as asked."""

    def write(change=lambda values: None):
        values = json.loads(run_card(workspace, listing(workspace)[0].id).model_dump_json())
        change(values)
        file = tmp_path / "card.json"
        file.write_text(json.dumps(values))
        return file

    return write


@pytest.mark.slow
def test_a_card_gives_the_same_digits_in_a_process_of_its_own(workspace, written):
    command = [
        sys.executable,
        "-c",
        "import sys; from reco_lab.cli import main; sys.exit(main())",
        "rerun",
        str(written()),
        "--json",
    ]
    answer = subprocess.run(
        command,
        env=os.environ | {"RECO_LAB_HOME": str(workspace.home), "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found["same"]
    assert found["compared"] > 50


def test_a_figure_that_was_written_otherwise_is_found(workspace, written):
    def forge(values):
        values["answer"]["leaderboard"][0]["metrics"]["ndcg@5"]["value"] += 1e-12
        values["answer"]["versions"]["numpy"] = "0.0.1"

    found = rerun(workspace, written(forge), quiet)

    (difference,) = found.differences
    assert difference.quantity == "ndcg@5"
    assert difference.card != difference.here
    assert any("numpy 0.0.1 then" in cause for cause in found.causes)


def test_another_champion_and_another_verdict_are_found(workspace, written):
    def forge(values):
        answer = values["answer"]
        answer["champion"] = answer["verdicts"][0]["other"]
        answer["verdicts"][0]["outcome"] = "tie"
        answer["verdicts"][0]["p_holm"] = 0.987

    found = rerun(workspace, written(forge), quiet)

    assert [one.quantity.rpartition(": ")[2] for one in found.differences] == [
        "champion",
        "p_holm",
        "outcome",
    ]


def test_other_data_in_its_place_is_named_as_the_cause(workspace, written):
    whole = tastes()
    fewer = whole.take(np.arange(len(whole.interactions) - 8))
    save_dataset(workspace, dataclasses.replace(fewer, name="fewer"))

    found = rerun(workspace, written(), quiet, dataset="fewer")

    assert not found.same
    assert found.causes[0].startswith("the data: fingerprint")


def test_a_card_whose_data_is_not_here_says_how_to_get_it(workspace, written):
    def elsewhere(values):
        values["data"]["fingerprint"] = "0" * 64

    with pytest.raises(NotFoundError, match="The data of this card is not here"):
        rerun(workspace, written(elsewhere), quiet)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "a menu"}', "\x00"])
def test_what_is_no_card_gets_a_sentence(workspace, tmp_path, text):
    file = tmp_path / "card.json"
    file.write_text(text)

    with pytest.raises(SpecError, match="no run card"):
        rerun(workspace, file, quiet)


def test_only_figures_that_exist_are_counted_as_compared(workspace):
    found = run_card(workspace, listing(workspace)[0].id)
    again = repeated(found, Experiment.model_validate(found.experiment), found.answer)
    rows, duels = found.answer.leaderboard, found.answer.verdicts
    cells = [number for row in rows for cell in row.metrics.values() for _, number in cell]

    assert again.same
    assert any(number is None for number in cells)
    assert again.compared == (
        sum(number is not None for number in cells)
        + sum(row.validation is not None for row in rows)
        + sum(len(row.by_seed) for row in rows)
        + 8 * len(duels)
        + len(["the champion"])
    )

"""The same recommenders under other splits."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import Experiment
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.experiments.results import Cell, Outcome, Row
from reco_lab.services import data, experiments, learning, other_splits, tradeoffs
from reco_lab.services.evidence import evidence
from reco_lab.services.other_splits import UnderSplit
from reco_lab.ui import inspector
from reco_lab.workspace import Workspace


def quiet(_fraction, _message):
    pass


@pytest.fixture
def asked(tmp_path):
    """A workspace with one finished comparison, and the experiment's id."""
    rng = np.random.default_rng(3)
    rows = [
        (f"c{user:02d}", f"i{item:02d}", f"2026-03-{day:02d}")
        for user in range(40)
        for day, item in enumerate(rng.choice(10, 7, replace=False) + 10 * (user % 2), start=1)
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "time"]).astype({"time": "datetime64[us]"})
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time"))
    workspace = Workspace.open(tmp_path)
    data.save_dataset(workspace, Dataset("shop", log))
    experiments.run(workspace, question(), quiet)
    yield workspace, experiments.listing(workspace)[0].id
    workspace.close()


def question(**changes):
    values = {
        "name": "Which one?",
        "data": {"dataset": "shop"},
        "split": {"kind": "last_n"},
        "recommenders": [{"algorithm": "item_knn"}],
        "metrics": {"names": ["ndcg"], "k": [5]},
    }
    return Experiment.model_validate(values | changes)


def test_the_kinds_that_this_data_cannot_be_cut_by_say_why(asked):
    found = other_splits.alternatives(*asked)

    assert "last_n" not in found
    assert "given" not in found
    assert found["random_rows"] == ""


def test_what_is_asked_differs_only_in_the_split_and_is_asked_once(asked):
    workspace, id_ = asked
    (job,) = other_splits.submit_under(workspace, id_, ["random_rows"])
    sent = Experiment.model_validate(workspace.queue.get(job).payload["experiment"])

    assert sent.name == "Which one? · Random rows"
    assert sent.split.kind() == "random_rows"
    assert sent.model_copy(update={"split": None, "name": "x"}) == question(split=None, name="x")
    assert other_splits.under_way(workspace, id_)

    experiments.run(workspace, sent, quiet)
    assert other_splits.submit_under(workspace, id_, ["random_rows"]) == []


def test_finished_twins_stand_side_by_side_and_other_questions_do_not(asked):
    workspace, id_ = asked
    experiments.run(workspace, question(split={"kind": "random_rows"}), quiet)
    experiments.run(workspace, question(split={"kind": "last_share"}, seed=1), quiet)

    assert [one.split for one in other_splits.under_splits(workspace, id_)] == [
        "Last rows per customer",
        "Random rows",
    ]


def test_equals_share_a_place_and_both_readings_have_one_of_their_own(asked):
    workspace, id_ = asked
    found = experiments.comparison(workspace, id_)
    cells = {"a": (0.3, 0.1), "b": (0.2, 0.2), "c": (0.2, None), "d": (0.1, 0.05)}
    rows = tuple(
        Row(
            name=name,
            algorithm="ease",
            parameters={},
            run_keys=("x",),
            metrics={"ndcg@5": Cell(value=value, all_customers=everyone)},
        )
        for name, (value, everyone) in cells.items()
    )
    places = other_splits.standings(found.model_copy(update={"leaderboard": rows}))

    assert {name: one.place for name, one in places.items()} == {"a": 1, "b": 2, "c": 2, "d": 4}
    assert {name: one.all_place for name, one in places.items()} == {"a": 2, "b": 1, "c": None, "d": 3}


def test_who_is_not_told_apart_is_said_under_each_split(asked):
    workspace, id_ = asked
    (own,) = other_splits.under_splits(workspace, id_)
    cell = Cell(value=0.5)
    rows = [
        Row(name=name, algorithm="ease", parameters={}, run_keys=("x",), metrics={"ndcg@5": cell})
        for name in ("A", "B", "C")
    ]
    ends = {"B": Outcome.tie, "C": Outcome.unsure}
    duels = [
        own.found.verdicts[0].model_copy(update={"champion": "A", "other": name, "outcome": seen})
        for name, seen in ends.items()
    ]
    found = own.found.model_copy(
        update={"champion": "A", "leaderboard": tuple(rows), "verdicts": tuple(duels)}
    )
    one = UnderSplit("Random rows", id_, found, other_splits.standings(found))

    assert one.level("A") == ends
    assert one.level("C") == {"A": Outcome.unsure}
    told = "A leads under every split: random rows (a tie with B, not told apart from C)."
    assert inspector.agreement([one]) == told
    assert inspector.side_by_side(found, [one])["Random rows"].tolist() == [
        "1. (0.500), champion",
        "1. (0.500), tie",
        "1. (0.500), not decided",
    ]


def test_the_ledger_counts_what_is_tried_on_a_finished_comparison_once(asked):
    workspace, id_ = asked
    known = evidence(workspace, id_)
    before = experiments.openings(workspace, known.found)
    label = next(one for one, gap in tradeoffs.rerankers(known).items() if not gap)
    for _ in range(2):
        tradeoffs.drag(workspace, known, "Item k-NN", label)
    dragged = experiments.openings(workspace, known.found)
    assert dragged.experiments == before.experiments + 1
    assert dragged.recommenders == before.recommenders + 10

    for name in ("Item k-NN", "Most popular"):
        learning.cold_start(workspace, known, name)
    assert experiments.openings(workspace, known.found).experiments == dragged.experiments + 1
    learning.compute(workspace, {"id": id_}, quiet)
    after = experiments.openings(workspace, known.found)
    assert after.experiments == dragged.experiments + 2
    assert after.recommenders == dragged.recommenders


def test_the_inspector_counts_the_kinds_that_are_asked_for(asked):
    seen = other_splits.inspection(*asked)

    assert seen.test_customers == seen.warm_customers == 40
    assert seen.recommendation


def test_the_ledger_counts_looks_at_the_same_test_rows_however_the_others_are_used(asked):
    workspace, _ = asked
    for validation in (0.2, 0.3):
        split = {"kind": "random_rows", "validation": validation}
        found = experiments.run(workspace, question(split=split), quiet)

    assert experiments.openings(workspace, found).experiments == 2
    other = experiments.run(workspace, question(split={"kind": "random_rows", "share": 0.3}), quiet)
    assert experiments.openings(workspace, other).experiments == 1

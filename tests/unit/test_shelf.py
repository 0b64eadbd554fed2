"""What is kept of an experiment whose customers nobody learned from, and which looks at the whole ranking."""

import pytest

from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.services.customers import microscope
from reco_lab.services.data import save_dataset
from reco_lab.services.experiments import comparison, listing, prepare, run
from reco_lab.testing.splits import example
from reco_lab.workspace import Workspace

ASKED = Experiment(
    data=DataSpec(dataset="example"),
    split={"kind": "user_holdout", "share": 0.3},
    recommenders=[{"algorithm": "item_knn"}],
    metrics=MetricSpec(names=("ndcg", "auc"), k=(5,)),
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    opened = Workspace.open(tmp_path_factory.mktemp("home"))
    save_dataset(opened, example())
    run(opened, ASKED, lambda fraction, message: None)
    yield opened
    opened.close()


def test_the_whole_ranking_is_kept_with_the_run(workspace):
    first = comparison(workspace, listing(workspace)[0].id)
    again = run(workspace, ASKED, lambda fraction, message: None)
    assert 0 < again.row("Item k-NN").metrics["auc"].value < 1
    assert again.leaderboard == first.leaderboard


def test_the_microscope_shows_what_a_held_out_customer_was_known_to_have(workspace):
    held = prepare(workspace, ASKED).splits[0]
    code = int(held.test.users[0])
    shown = held.data.interactions.take(held.history_rows)
    look = microscope(workspace, listing(workspace)[0].id).look(str(shown.user_ids[code]), k=5)
    assert len(look.history) == (shown.users == code).sum()
    assert {panel.name for panel in look.panels if panel.fallback} == set()

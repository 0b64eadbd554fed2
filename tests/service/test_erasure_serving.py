"""A customer erased: what serves, is tried or waits at the gate by what was learnt from her goes with her."""

from datetime import timedelta

import numpy as np
import pytest

from reco_lab.core.errors import NotFoundError
from reco_lab.services import ab_tests, publishing
from reco_lab.services.ad_server import AdServer
from reco_lab.services.data import load_dataset, save_dataset
from reco_lab.services.erasure import erase
from reco_lab.services.lineage import serves_since, spans
from reco_lab.store.rounds import RoundState
from reco_lab.testing.erasing import ACCENTED, MAIL, RAW
from reco_lab.testing.serving import NAME

AB_TEST = {
    "title": "Dare more",
    "arms": [
        {"name": "A", "share": 0.5},
        {"name": "B", "share": 0.5, "policy": {"policy": "uniform_random"}},
    ],
}


def nothing(_fraction, _message):
    """No progress."""


@pytest.fixture
def opened(knowing_her):
    return knowing_her


def erase_her(workspace):
    erase(workspace, RAW, who="ann")


def test_a_challenger_that_knew_her_is_let_go_and_its_round_is_over(workspace):
    champion = workspace.publications.serving()
    before = {"dataset": NAME, "champion": champion.number, "fingerprint": champion.spec["fingerprint"]}
    found = workspace.rounds.begin(before)
    workspace.rounds.advance(found, RoundState.judging, {"plan": champion.spec})
    erase_her(workspace)
    ended = workspace.rounds.get(found.id)
    assert ended.state is RoundState.cancelled
    assert ended.spec["plan"] is None
    assert "erased" in ended.findings[-1]["sentence"]


def test_what_was_trained_without_her_is_known_to_serve_since_then(workspace):
    workspace.clock.at += timedelta(hours=1)
    erase_her(workspace)
    assert serves_since(workspace) == workspace.clock.at
    last = spans(workspace)[-1]
    assert (last.number, last.who) == (workspace.publications.serving().number, "an erasure")


@pytest.mark.parametrize("ended", [True, False])
def test_the_models_of_an_ab_test_that_knew_her_go(workspace, ended):
    ab_tests.start(workspace, AB_TEST)
    before = set(workspace.artefacts.ids())
    if ended:
        ab_tests.stop(workspace)
    erase_her(workspace)
    assert not before & {link["artefact"] for link in links_of(workspace)}
    assert not {link["artefact"] for link in links_of(workspace)} - set(workspace.artefacts.ids())
    models = [one for one in before if "recommender" in (meta_of(workspace, one) or {})]
    assert models == []
    assert (ab_tests.running(workspace) is None) == ended
    if not ended:
        assert ab_tests.running(workspace).served
        ab_tests.stop(workspace, ship="B")


def test_an_arm_that_learnt_from_her_goes_where_what_serves_never_knew_her(workspace):
    ab_tests.start(workspace, AB_TEST)
    before = [link["artefact"] for link in links_of(workspace)]
    old = publishing.serving_plan(workspace)
    without = load_dataset(workspace, NAME)
    hers = np.isin(without.interactions.user_ids, [RAW, MAIL, ACCENTED])
    without = without.without(hers)
    save_dataset(workspace, without)
    fresh = publishing.train_again(workspace, old.model_copy(update={"test": None}), without, nothing)
    publishing._let_serve(workspace, fresh.model_copy(update={"test": old.test}))
    erase_her(workspace)
    plan = publishing.serving_plan(workspace)
    assert plan.test is not None
    assert not set(before) & {link["artefact"] for link in links_of(workspace)}
    assert not set(before) & set(workspace.artefacts.ids())
    server = AdServer.open(workspace, rng=np.random.default_rng(0))
    assert server.ads("u05").decision.arm.startswith(plan.test.id)
    server.close()


def meta_of(workspace, artefact):
    try:
        return workspace.artefacts.load(artefact).meta
    except NotFoundError:
        return None


def links_of(workspace):
    """The models that anything that serves or is kept would serve by."""
    plan = publishing.serving_plan(workspace).model_dump()
    tests = [plan["test"], *(one.spec for one in workspace.ab_tests.listing())]
    arms = [arm["model"] for test in tests if test for arm in test["arms"]]
    return [link for link in (*plan["chain"], *arms) if link and link["artefact"]]

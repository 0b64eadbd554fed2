"""The gate on the simulated shop: an honest version is promoted, a poisoned one refused, and nothing is half done."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.recommender import recommender
from reco_lab.core.words import day
from reco_lab.services import gate, gate_settings, gate_words, publishing
from reco_lab.services.ad_server import AdServer, VisitIn
from reco_lab.services.data import load_dataset, save_dataset
from reco_lab.services.demo import FOLDER
from reco_lab.services.feedback_data import save_feedback
from reco_lab.services.shop import load_shop
from reco_lab.store.publications import PROMOTED, ROLLED_BACK
from reco_lab.store.rounds import RoundState
from reco_lab.testing.serving import publish_chain, publish_plan
from reco_lab.workspace import Workspace

QUIET = gate_settings.GateSettings(margin=0.3)


@pytest.fixture(scope="module")
def shop():
    return replace(load_shop(FOLDER), truth=None)


@pytest.fixture(scope="module")
def cut(shop):
    times = np.sort(shop.interactions.times)
    return times[int(0.8 * len(times))]


@pytest.fixture(scope="module")
def served(shop, cut, tmp_path_factory):
    """A home that serves what was learnt from the first months."""
    home = tmp_path_factory.mktemp("served") / "home"
    workspace = Workspace.open(home)
    log = shop.interactions
    first = replace(shop, interactions=log.take(log.times < cut))
    save_dataset(workspace, first, "Demo shop")
    publish_chain(workspace, first, recommender({"algorithm": "item_knn"}), "Item k-NN")
    gate_settings.set_gate(workspace, QUIET)
    workspace.close()
    return home


@pytest.fixture
def workspace(served, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(served, home)
    found = Workspace.open(home)
    yield found
    found.close()


def steps(found):
    return {one["step"]: one["passed"] for one in found.findings}


def test_later_weeks_of_the_shop_are_learnt_from_and_promoted(workspace, shop):
    save_dataset(workspace, shop)
    found = gate.run_round(workspace)
    assert found.state is RoundState.promoted, gate_words.sentence(found)
    assert steps(found) == {
        "data": True,
        "training": True,
        "forward": True,
        "off-policy": None,
        "canary": None,
    }
    plan = publishing.serving_plan(workspace)
    assert (plan.fingerprint, plan.round, plan.parent) == (shop.fingerprint, found.id, 1)
    assert found.findings[2]["customers"] > 100
    assert workspace.publications.turns()[-1].how == PROMOTED
    publishing.rollback(workspace, who="a person")
    assert workspace.publications.serving().number == 1
    assert (workspace.publications.turns()[-1].how, workspace.publications.turns()[-1].who) == (
        ROLLED_BACK,
        "a person",
    )


def test_small_losses_do_not_add_up_over_rounds(workspace, shop):
    """Each challenger may be a little worse than what serves, but none much worse than the last that was better."""
    first, before = workspace.publications.serving(), load_dataset(workspace, "demo-shop")
    fallen = workspace.rounds.begin({})
    workspace.rounds.advance(fallen, RoundState.promoted, {}, [{"step": "forward", "rule": "no worse"}])
    spec, nothing = recommender({"algorithm": "most_popular"}), lambda _fraction, _message: None
    chain = publishing.train_chain(workspace, before, spec, "Most popular", 0, nothing)
    plan = publishing.Plan(
        dataset=before.name, fingerprint=before.fingerprint, chain=chain, parent=first.number, round=fallen.id
    )
    publish_plan(workspace, plan)
    save_dataset(workspace, shop)
    gate_settings.set_gate(workspace, gate_settings.GateSettings(margin=0.5))
    found = gate.run_round(workspace)
    assert steps(found) == {"data": True, "training": True, "forward": True, "milestone": False}
    assert found.findings[2]["rule"] == "no worse"
    assert found.findings[3]["champion"] > 1.2 * found.findings[2]["champion"]
    assert f"would fall behind what served from {day(first.created)} on" in gate_words.sentence(found)
    assert workspace.publications.serving().version == plan.version


def test_shuffled_labels_are_refused_before_anything_is_trained(workspace, shop, cut):
    log = shop.interactions
    fresh = np.flatnonzero(log.times >= cut)
    items = log.items.copy()
    items[fresh] = np.random.default_rng(1).permutation(items[fresh])
    save_dataset(workspace, replace(shop, interactions=replace(log, items=items).in_order()[0]))
    found = gate.run_round(workspace)
    assert found.state is RoundState.refused
    assert steps(found) == {"data": False}
    assert "chance gives 50%" in gate_words.reason(found)
    assert workspace.publications.serving().number == 1


def robots(workspace):
    """Visits of robots come into the log."""
    rng = np.random.default_rng(2)
    ids = load_dataset(workspace, "demo-shop").interactions.item_ids
    visits = [
        VisitIn(f"e{row}", f"robot-{row % 20}", str(ids[rng.integers(len(ids))]), "view")
        for row in range(4000)
    ]
    server = AdServer.open(workspace, rng=rng)
    for begin in range(0, len(visits), 1000):
        asyncio.run(server.visit(visits[begin : begin + 1000]))
    server.close()


@pytest.mark.slow
def test_a_robot_flood_through_the_log_is_refused_and_its_version_taken_out(workspace):
    robots(workspace)
    found = gate.run_round(workspace)
    assert found.state is RoundState.refused
    assert "20 customers who did more in a day than anybody used to" in gate_words.reason(found)
    assert workspace.store.dataset("demo-shop").version == 1
    assert [one.version for one in workspace.store.dropped()] == [2]
    assert gate.run_round(workspace).state is RoundState.refused


@pytest.mark.slow
@pytest.mark.parametrize("person", [True, False])
def test_a_version_that_a_person_made_stays_and_one_of_a_round_that_died_is_taken_out(workspace, person):
    robots(workspace)
    begun = gate._begun(workspace)
    save_feedback(workspace, "demo-shop", onto="demo-shop", by="" if person else begun.id)
    found = gate.run_round(workspace)
    assert (found.id, found.state) == (begun.id, RoundState.refused)
    assert "looks poisoned" in gate_words.reason(found)
    assert [one.version for one in workspace.store.dropped()] == ([] if person else [2])


@pytest.mark.slow
def test_what_the_log_gave_once_is_not_given_again(workspace):
    known = load_dataset(workspace, "demo-shop").interactions
    server = AdServer.open(workspace, rng=np.random.default_rng(0))
    visits = [
        VisitIn(f"e{row}", str(known.user_ids[row]), str(known.item_ids[row]), "view") for row in range(40)
    ]
    asyncio.run(server.visit(visits))
    server.close()
    gate.run_round(workspace)
    assert len(load_dataset(workspace, "demo-shop").interactions) == len(known) + 40
    again = gate.run_round(workspace)
    assert workspace.store.dataset("demo-shop").version == 2
    assert "holds nothing that the data lack" in gate_words.reason(again) or again.findings[0]["passed"]


def test_nothing_new_is_refused_in_a_sentence(workspace):
    found = gate.run_round(workspace)
    assert found.state is RoundState.refused
    assert "Nothing new has come since the champion was trained." in gate_words.reason(found)


def test_without_a_champion_there_is_nobody_to_challenge(tmp_path):
    with pytest.raises(NotFoundError, match="no champion to challenge"):
        gate.run_round(Workspace.open(tmp_path / "empty"))


def test_a_challenger_of_other_data_than_it_is_judged_on_is_refused(workspace, shop):
    save_dataset(workspace, shop)

    def swap(_fraction, message):
        found = workspace.rounds.open()
        if "what came before" in message and "plan" in found.spec:
            workspace.rounds.advance(
                found, found.state, {"plan": dict(found.spec["plan"]) | {"fingerprint": "other"}}
            )
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gate.run_round(workspace, swap)
    found = gate.run_round(workspace)
    assert found.state is RoundState.refused
    assert "was trained on other data" in gate_words.sentence(found)


@pytest.mark.slow
def test_what_was_published_meanwhile_is_not_pushed_aside(workspace, shop):
    save_dataset(workspace, shop)
    publish = publishing.kept_plan

    def meanwhile(_fraction, message):
        if "judging both" in message:
            workspace.publications.publish(*publish(workspace, publishing.serving_plan(workspace)))

    found = gate.run_round(workspace, meanwhile)
    assert found.state is RoundState.refused
    assert "something else was published" in gate_words.sentence(found)
    assert workspace.publications.serving().number == 2


def test_a_round_that_dies_again_and_again_is_given_up(workspace, shop):
    save_dataset(workspace, shop)

    def dies(_fraction, message):
        if message.startswith("training"):
            raise KeyboardInterrupt

    for _ in range(gate.MOST_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            gate.run_round(workspace, dies)
    found = gate.run_round(workspace, dies)
    assert found.state is RoundState.refused
    assert "interrupted 3 times" in gate_words.sentence(found)


def test_a_round_whose_job_was_cancelled_is_cancelled(workspace, shop):
    save_dataset(workspace, shop)

    def stops(_fraction, message):
        if message.startswith("training"):
            raise KeyboardInterrupt

    job = gate.submit(workspace)
    with pytest.raises(KeyboardInterrupt):
        gate.run_round(workspace, stops)
    workspace.queue.cancel(job)
    assert gate.settled(workspace) is None
    assert workspace.rounds.listing()[0].state is RoundState.cancelled


def test_one_at_a_time_brings_a_round_further(workspace, shop):
    save_dataset(workspace, shop)
    refused = []

    def beside(_fraction, _message):
        if not refused:
            with pytest.raises(InputError, match="at work already") as told:
                gate.run_round(workspace)
            refused.append(told)

    found = gate.run_round(workspace, beside)
    assert refused
    assert found.spec["attempts"] == 1


DIES = """
import os, signal, sys
from pathlib import Path
from reco_lab.services import gate
from reco_lab.workspace import Workspace
def report(fraction, message):
    if message.startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
gate.run_round(Workspace.open(Path(sys.argv[1])), report)
"""


@pytest.mark.slow
def test_a_round_survives_kill_9_between_its_steps(workspace, shop):
    save_dataset(workspace, shop)
    home = str(workspace.home)
    for begins, state in (("looking", RoundState.collecting), ("judging both", RoundState.judging)):
        done = subprocess.run([sys.executable, "-c", DIES, home, begins], env=dict(os.environ), check=False)
        assert done.returncode == -signal.SIGKILL
        assert workspace.rounds.open().state is state
        assert workspace.publications.serving().number == 1
    found = gate.run_round(workspace)
    assert found.state is RoundState.promoted, gate_words.sentence(found)
    assert [one["step"] for one in found.findings] == ["data", "training", "forward", "off-policy", "canary"]
    assert len(workspace.publications.history()) == 2

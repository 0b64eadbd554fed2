"""A challenger is tried on a share of the customers before it serves them all."""

import asyncio
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import InputError
from reco_lab.core.recommender import recommender
from reco_lab.services import (
    ab_tests,
    canary,
    gate,
    gate_settings,
    gate_words,
    publishing,
    replayed,
    schedules,
)
from reco_lab.services.ad_server import AdServer, EventIn
from reco_lab.services.data import save_dataset
from reco_lab.services.schedules import Schedule
from reco_lab.store.rounds import RoundState
from reco_lab.testing.serving import book_ads, publish_chain, small_shop
from reco_lab.workspace import Workspace

CUSTOMERS = 200  # most of them strangers to the shop
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
WANTED = gate_settings.GateSettings(
    margin=0.99, fewest_customers=5, judged_share=0.5, canary_share=0.5, canary_hours=10, canary_customers=20
)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A home that serves a small shop, with a newer version of which the items come in another order."""
    home = tmp_path_factory.mktemp("canary") / "home"
    workspace = Workspace.open(home, clock=ManualClock(NOW))
    whole = small_shop()
    log = whole.interactions
    early = np.sort(log.times)[int(0.7 * len(log))]
    first = replace(whole, interactions=log.take(log.times < early))
    save_dataset(workspace, first)
    publish_chain(workspace, first, recommender({"algorithm": "item_knn"}), "Item k-NN")
    book_ads(workspace)
    save_dataset(workspace, whole)
    gate_settings.set_gate(workspace, WANTED)
    workspace.close()
    return home


@pytest.fixture
def workspace(served, tmp_path):
    shutil.copytree(served, tmp_path / "home")
    found = Workspace.open(tmp_path / "home", clock=ManualClock(NOW))
    yield found
    found.close()


def traffic(workspace, rounds=1, clicks=lambda _arm: 0.3, *, picky=False):
    """Everybody asks for ads and clicks by the arm she is in; who is picky, only on items of her half of the shop."""
    rng = np.random.default_rng(0)
    server = AdServer.open(workspace, rng=rng)
    for _ in range(rounds):
        events = []
        for user in range(CUSTOMERS):
            answer = server.ads(f"u{user:02d}")
            decision, hers = answer.decision, int((answer.ads[0].item or "i0")[1:]) % 2 == user % 2
            if (hers or not picky) and rng.random() < clicks(decision.arm.rpartition("/")[2]):
                events.append(
                    EventIn(f"click of {decision.request_id}", decision.placed[0].decision_id, "click")
                )
        asyncio.run(server.track(events))
    server.close()


def on_trial(workspace):
    traffic(workspace)
    found = gate.run_round(workspace)
    assert found.state is RoundState.canary, gate_words.sentence(found)
    return found


def test_a_challenger_that_does_no_harm_is_promoted_after_its_hours(workspace):
    found = on_trial(workspace)
    test = ab_tests.running(workspace).test
    assert [arm.name for arm in test.arms] == [canary.CHAMPION, canary.CHALLENGER]
    assert test.minimum_lift == canary.HARM
    traffic(workspace, 5)
    assert gate.tick(workspace) is None
    workspace.clock.at += timedelta(hours=1)
    assert gate.run_round(workspace).state is RoundState.canary
    workspace.clock.at += timedelta(hours=9)
    job = gate.tick(workspace)
    assert workspace.queue.get(job).payload["name"] == "Looking how customers take the challenger"
    found = gate.run_round(workspace)
    assert found.state is RoundState.promoted, gate_words.reason(found)
    assert found.findings[-1]["short"] == "no harm was seen with real customers."
    plan = publishing.serving_plan(workspace)
    assert (plan.round, plan.test) == (found.id, None)
    assert ab_tests.running(workspace) is None
    publishing.rollback(workspace)
    server = AdServer.open(workspace, rng=np.random.default_rng(0))
    assert "/" not in server.ads("u01").decision.arm
    server.close()


def test_a_challenger_that_does_harm_is_refused_at_once_and_the_champion_serves_all(workspace):
    on_trial(workspace)
    traffic(workspace, 6, lambda arm: 0.2 if arm == canary.CHALLENGER else 0.9)
    workspace.clock.at += timedelta(hours=1)
    found = gate.run_round(workspace)
    assert found.state is RoundState.refused, found.spec
    assert "it did harm with real customers (click rate" in gate_words.sentence(found)
    assert ab_tests.running(workspace) is None
    assert publishing.serving_plan(workspace).test is None


@pytest.mark.slow
def test_too_few_customers_are_not_enough_however_long_it_waits(workspace):
    on_trial(workspace)
    workspace.clock.at += timedelta(hours=10 * canary.PATIENCE)
    found = gate.run_round(workspace)
    assert found.state is RoundState.refused
    assert "too few customers came to try it on" in gate_words.sentence(found)


def test_where_the_log_can_tell_it_is_asked_what_the_challenger_would_have_earned(workspace):
    publishing.change(workspace, policy={"policy": "epsilon_greedy", "epsilon": 0.5})
    traffic(workspace, 5, picky=True)
    workspace.clock.at += timedelta(hours=1)
    found = gate.run_round(workspace)
    assert found.findings[-1]["step"] == "off-policy", found.findings[-1]
    judged = found.findings[-1]
    assert judged["passed"] is True, judged["sentence"]
    assert judged["low"] < judged["value"] - judged["logged"] < judged["high"]
    assert "clicks a first place against" in judged["sentence"]


@pytest.mark.slow
def test_who_never_clicks_says_nothing_so_it_is_not_promoted(workspace):
    on_trial(workspace)
    traffic(workspace, 2, lambda arm: 0.0 if arm == canary.CHALLENGER else 0.9)
    workspace.clock.at += timedelta(hours=11)
    assert gate.run_round(workspace).state is RoundState.canary


@pytest.mark.slow
def test_who_ends_the_trial_or_the_round_by_hand_ends_both(workspace):
    on_trial(workspace)
    ab_tests.stop(workspace)
    assert gate.run_round(workspace).state is RoundState.cancelled
    second = on_trial(workspace)
    gate.cancel(workspace, second.id)
    assert ab_tests.running(workspace) is None


def test_while_a_test_of_somebody_else_runs_no_round_begins(workspace):
    arms = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5, "policy": {"policy": "uniform_random"}}]
    ab_tests.start(workspace, {"title": "Mine", "arms": arms})
    with pytest.raises(InputError, match="An A/B test runs"):
        gate.run_round(workspace)
    assert workspace.rounds.listing() == []


def test_a_trial_whose_process_died_as_it_began_is_begun_once(workspace, monkeypatch):
    traffic(workspace)

    def dies(*_said, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "change", dies)
        with pytest.raises(KeyboardInterrupt):
            gate.run_round(workspace)
    assert workspace.rounds.open().state is RoundState.canary
    found = gate.run_round(workspace)
    assert found.state is RoundState.canary
    assert ab_tests.running(workspace).record.id == found.spec["test"]


@pytest.mark.slow
def test_what_comes_while_the_log_is_read_spoils_no_judgement(workspace, monkeypatch):
    publishing.change(workspace, policy={"policy": "epsilon_greedy", "epsilon": 0.5})
    traffic(workspace, 5, picky=True)
    workspace.clock.at += timedelta(hours=1)
    factors = replayed._factors

    def late(*asked):
        workspace.clock.at -= timedelta(minutes=30)
        traffic(workspace, 1, picky=True)
        workspace.clock.at += timedelta(minutes=30)
        return factors(*asked)

    monkeypatch.setattr(replayed, "_factors", late)
    found = gate.run_round(workspace)
    judged = found.findings[-1]
    assert (judged["step"], judged["passed"]) == ("off-policy", True), judged["sentence"]


def test_a_round_whose_time_comes_while_a_test_runs_is_due_as_soon_as_it_is_over(workspace):
    schedules.set_schedule(workspace, Schedule(every_hours=1))
    arms = [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5, "policy": {"policy": "uniform_random"}}]
    ab_tests.start(workspace, {"title": "Dare more", "arms": arms})
    workspace.clock.at += timedelta(hours=2)
    assert gate.tick(workspace) is None
    ab_tests.stop(workspace)
    assert gate.tick(workspace) is not None


def test_a_round_that_is_cancelled_before_its_trial_was_noted_leaves_no_trial_behind(workspace, monkeypatch):
    traffic(workspace)
    with monkeypatch.context() as patched:
        patched.setattr(canary, "begun_as", lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            gate.run_round(workspace)
    assert ab_tests.running(workspace).served
    assert gate.cancel(workspace, workspace.rounds.open().id).state is RoundState.cancelled
    assert ab_tests.running(workspace) is None
    assert publishing.serving_plan(workspace).test is None


def test_a_round_that_is_cancelled_while_its_trial_begins_leaves_no_trial_behind(workspace, monkeypatch):
    traffic(workspace)
    begin = canary.begin

    def meanwhile(*asked):
        gate.cancel(workspace, workspace.rounds.open().id)
        return begin(*asked)

    monkeypatch.setattr(canary, "begin", meanwhile)
    assert gate.run_round(workspace).state is RoundState.cancelled
    assert ab_tests.running(workspace) is None


def test_who_cancels_while_a_step_is_noted_cancels_all_the_same(workspace, monkeypatch):
    found = on_trial(workspace)
    get = workspace.rounds.get

    def late(_rounds, id_):
        known = get(id_)
        workspace.clock.at += timedelta(seconds=1)
        workspace.rounds.advance(known, known.state, {"trial": "a look"})
        return known

    with monkeypatch.context() as patched:
        patched.setattr(type(workspace.rounds), "get", late)
        gate.cancel(workspace, found.id)
    assert workspace.rounds.get(found.id).state is RoundState.cancelled


@pytest.mark.parametrize("noted", [True, False])
def test_what_a_person_published_meanwhile_is_not_pushed_aside_by_a_trial(workspace, monkeypatch, noted):
    if noted:
        on_trial(workspace)
    else:
        traffic(workspace)
        with monkeypatch.context() as patched:
            patched.setattr(canary, "begun_as", lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                gate.run_round(workspace)
    publishing.change(workspace, policy={"policy": "uniform_random"})
    assert ab_tests.running(workspace).served
    while (found := gate.run_round(workspace)).live and not noted:
        noted = True
    assert found.state is RoundState.refused
    assert "something else was published" in gate_words.sentence(found)
    plan = publishing.serving_plan(workspace)
    assert (plan.test, plan.policy, plan.round) == (None, {"policy": "uniform_random"}, "")


def test_nothing_is_tried_beside_what_a_person_published_while_it_was_judged(workspace, monkeypatch):
    traffic(workspace)
    judge = gate.STEPS[RoundState.judging][1]

    def meanwhile(*asked):
        publishing.change(workspace, policy={"policy": "uniform_random"})
        return judge(*asked)

    monkeypatch.setitem(gate.STEPS, RoundState.judging, ("forward", meanwhile))
    found = gate.run_round(workspace)
    assert (found.state, found.spec.get("test")) == (RoundState.refused, None)
    assert "something else was published" in gate_words.sentence(found)


def test_who_goes_back_ends_the_trial_at_the_next_look(workspace):
    publishing.change(workspace, policy={"policy": "uniform_random"})
    on_trial(workspace)
    publishing.rollback(workspace)
    serves = workspace.publications.serving().number
    workspace.clock.at += timedelta(hours=1)
    found = gate.run_round(workspace)
    assert found.state is RoundState.refused
    assert ab_tests.running(workspace) is None
    assert workspace.publications.serving().number == serves

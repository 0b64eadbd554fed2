"""The store of rounds and schedules, and what is due when."""

from datetime import UTC, datetime, timedelta

import pytest

from reco_lab.cli import main
from reco_lab.core.clock import ManualClock
from reco_lab.services import ancestry, gate, schedules
from reco_lab.services.lineage import serves_since
from reco_lab.services.schedules import Schedule
from reco_lab.store.rounds import RoundState
from reco_lab.workspace import Workspace

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
PLAN = ("v1", {"dataset": "d"}, "a" * 64)


@pytest.fixture
def workspace(tmp_path):
    found = Workspace.open(tmp_path / "home", clock=ManualClock(BEGIN))
    yield found
    found.close()


def test_one_round_at_a_time_and_each_step_is_kept(workspace):
    rounds = workspace.rounds
    first = rounds.begin({"dataset": "d"})
    assert rounds.begin({"dataset": "other"}) == first
    workspace.clock.at += timedelta(seconds=1)
    second = rounds.advance(first, RoundState.training, {"version": 2}, [{"step": "data"}])
    assert (second.spec["dataset"], second.spec["version"]) == ("d", 2)
    assert rounds.advance(first, RoundState.refused) == second
    assert rounds.open() == rounds.get(first.id) == second
    rounds.advance(second, RoundState.cancelled)
    assert rounds.open() is None
    assert rounds.begin({"dataset": "d"}).id != first.id


def test_a_challenger_serves_and_its_round_ends_both_or_neither(workspace):
    champion = workspace.publications.publish("v0", {}, None).number
    found = workspace.rounds.begin({})
    finding = {"step": "forward", "passed": True, "sentence": "It is better."}
    assert workspace.rounds.promote(found, PLAN, [finding], instead_of=champion + 1) is None
    assert workspace.rounds.get(found.id) == found
    made = workspace.rounds.promote(found, PLAN, [finding], instead_of=champion)
    assert workspace.publications.serving() == made
    assert workspace.rounds.get(found.id).state is RoundState.promoted
    assert workspace.rounds.promote(found, PLAN, [finding], instead_of=made.number) is None


def test_a_schedule_is_taken_by_one_alone_and_missed_runs_are_one(workspace):
    schedules.set_schedule(workspace, Schedule(every_hours=24))
    assert not schedules.due(workspace)
    assert not schedules.take(workspace)
    seen = workspace.schedules.get(schedules.GATE)
    workspace.clock.at += timedelta(days=5)
    assert schedules.due(workspace)
    assert schedules.take(workspace)
    assert not schedules.take(workspace)
    assert not workspace.schedules.take(seen, workspace.clock.now())
    assert schedules.next_run(workspace) == BEGIN + timedelta(days=6)
    schedules.set_schedule(workspace, Schedule())
    workspace.clock.at += timedelta(days=50)
    assert not schedules.due(workspace)


def test_what_is_due_becomes_a_job_once(workspace):
    workspace.publications.publish("v0", {"dataset": "d", "fingerprint": "f", "chain": []}, None)
    workspace.store.add_dataset("d", "f", "a" * 64, {})
    schedules.set_schedule(workspace, Schedule(every_hours=1))
    assert gate.tick(workspace) is None
    workspace.clock.at += timedelta(hours=2)
    job = gate.tick(workspace)
    assert workspace.queue.get(job).kind == gate.JOB
    assert gate.tick(workspace) is None


def test_a_schedule_in_words():
    words = [Schedule(every_hours=hours).words for hours in (None, 1, 6, 24, 72, 168)]
    assert words == [
        "never by itself",
        "every hour",
        "every 6 hours",
        "every day",
        "every 3 days",
        "every week",
    ]


def test_the_command_line_says_what_is_wrong_and_keeps_the_schedule(workspace, monkeypatch, capsys):
    monkeypatch.setenv("RECO_LAB_HOME", str(workspace.home))
    assert main(["gate", "run"]) == 2
    assert "no champion to challenge" in capsys.readouterr().err
    assert main(["gate", "schedule", "often"]) == 2
    assert "no number of hours" in capsys.readouterr().err
    assert main(["gate", "schedule", "off"]) == 0
    assert "No challenger is trained unless somebody asks for one." in capsys.readouterr().out
    assert main(["gate", "schedule", "24"]) == 0
    assert main(["gate"]) == 0
    assert "A challenger is trained every day." in capsys.readouterr().out


def test_a_milestone_is_the_last_model_that_was_better_or_that_a_person_chose(workspace):
    def publish(model, rule="", **more):
        now, id_ = workspace.publications.serving(), ""
        if rule:
            found = workspace.rounds.begin({})
            workspace.rounds.advance(found, RoundState.promoted, {}, [{"step": "forward", "rule": rule}])
            id_ = found.id
        chain = [{"stage": "model", "name": model, "artefact": model}]
        plan = {
            "dataset": "d",
            "fingerprint": "f",
            "chain": chain,
            "parent": now and now.number,
            "round": id_,
        }
        return workspace.publications.publish("v", plan | more, None).number

    def milestone(number):
        found = ancestry.milestone(workspace, number)
        return found and found.number

    chosen = publish("first")
    assert milestone(chosen) is None
    assert milestone(publish("first", bid_weight=0.5)) is None
    assert milestone(publish("second", "no worse")) == chosen
    assert milestone(publish("second", bid_weight=0.7)) == chosen
    assert milestone(publish("third", "no worse")) == chosen
    better = publish("fourth", "better")
    assert milestone(better) is None
    assert milestone(publish("fifth", "no worse")) == better
    assert milestone(publish("sixth")) is None


def test_a_model_serves_since_it_does_whatever_is_tested_beside_it(workspace):
    def publish(model, **more):
        workspace.clock.at += timedelta(hours=1)
        chain = [{"stage": "model", "name": model, "artefact": model}]
        plan = {"dataset": "d", "fingerprint": "f", "chain": chain} | more
        workspace.publications.publish("v", plan, None)

    assert serves_since(workspace) is None
    for model in ("first", "second"):
        publish(model)
    since = workspace.clock.at
    publish("second", round="1")
    publish("second", bid_weight=0.5)
    assert serves_since(workspace) == since
    publish("first")
    workspace.clock.at += timedelta(hours=1)
    workspace.publications.rollback()
    assert serves_since(workspace) == workspace.clock.at

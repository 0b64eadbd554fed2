"""The story of a rehearsal: what was decided is told, and what was left open when the time was up."""

import re
from dataclasses import replace

from reco_lab.experiments.ab_verdict import verdict
from reco_lab.services import ab_tests, rehearsal_acts
from reco_lab.services.rehearsal_acts import UNDECIDED, Acts, story
from reco_lab.store.rounds import RoundState
from reco_lab.testing.serving import open_shop
from reco_lab.workspace import Workspace


def test_what_the_time_was_too_short_for_is_said_to_be_undecided(tmp_path):
    room = Workspace.open(tmp_path / "home")
    open_shop(room)
    room.rounds.begin({"dataset": "shop", "settings": {}, "attempts": 1})
    acts = Acts(room, tmp_path / "story.json")

    acts.tick()
    assert re.fullmatch(
        r"\d\d? \w{3} \d{4}: What was served and done is being collected\.", story(tmp_path).gate
    )
    acts.end()

    assert story(tmp_path).gate.endswith(f"What was served and done is being collected. {UNDECIDED}")


def test_of_the_gate_the_last_round_that_ended_is_told_beside_the_one_that_runs(tmp_path):
    room = Workspace.open(tmp_path / "home")
    open_shop(room)
    ended = room.rounds.begin({"dataset": "shop", "settings": {}, "attempts": 1})
    room.rounds.advance(ended, RoundState.cancelled)
    room.rounds.begin({"dataset": "shop", "settings": {}, "attempts": 1})
    Acts(room, tmp_path / "story.json").tick()

    told = story(tmp_path)
    assert re.search(
        r"The round was cancelled; .*: What was served and done is being collected\.$", told.gate
    )
    assert told.passed is False


def test_what_is_told_of_a_test_is_what_is_kept_of_it(tmp_path, monkeypatch):
    room, looks = Workspace.open(tmp_path / "home"), []
    open_shop(room)
    acts = Acts(room, tmp_path / "story.json")
    acts.begin()

    def decided(test, seen):
        looks.append(seen)
        return replace(verdict(test, seen), kind="no", sentence=f"Seen at {seen.days:.9f} days.")

    monkeypatch.setattr(rehearsal_acts, "verdict", decided)
    acts.tick()

    (ended,) = (one for one in room.ab_tests.listing() if one.ended)
    assert ab_tests.kept_look(ended) == looks[-1]
    assert looks[-1].days > 0
    assert f"Seen at {looks[-1].days:.9f} days." in story(tmp_path).test

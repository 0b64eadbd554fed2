"""What a rehearsal came to, day by day, the sentence about it, and how it stands."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from reco_lab.services import rehearsal, rehearsing
from reco_lab.services.rehearsal_figures import by_day, sentence
from reco_lab.services.rehearsal_room import folder
from reco_lab.simulation.traffic import Tally
from reco_lab.store.locks import FileLock
from reco_lab.workspace import Workspace

OPENING = datetime(2026, 1, 5, tzinfo=UTC)


def tallies(rates):
    """Four notes a day, 400 places a day, clicked at these rates."""
    total, found = Tally(), []
    for day, rate in enumerate(rates):
        for hour in (1, 7, 13, 22):
            at = OPENING + timedelta(days=day, hours=hour)
            total = Tally(
                at=at.isoformat(), places=total.places + 100, clicks=total.clicks + round(100 * rate),
                by_lot=total.by_lot + 5, possible=total.possible + 20, best=total.best + 40,
            )  # fmt: skip
            found.append(total)
    return found


def test_each_day_is_told_by_what_came_on_it_alone():
    days = by_day(tallies([0.08, 0.10, 0.12]), OPENING)
    assert days["day"].tolist() == [1, 2, 3]
    assert days["places"].tolist() == [400, 400, 400]
    assert days["clicked"].tolist() == pytest.approx([0.08, 0.10, 0.12])
    assert days["possible"].tolist() == pytest.approx([0.2, 0.2, 0.2])


def test_a_day_that_has_just_begun_says_nothing_yet():
    notes = tallies([0.08, 0.10, 0.12])
    assert by_day(notes[:9], OPENING)["day"].tolist() == [1, 2]
    assert by_day(notes[:10], OPENING)["day"].tolist() == [1, 2, 3]


def test_the_sentence_says_whether_the_rate_climbed_and_what_was_possible():
    told = sentence(by_day(tallies([0.08] * 3 + [0.12] * 3), OPENING))
    assert told == (
        "The click rate climbed from 8.0% to 12.0%; ads drawn by lot would have got 5.0%, the best possible 20.0%."
    )
    assert "went from 12.0% to 8.0%" in sentence(by_day(tallies([0.12] * 3 + [0.08] * 3), OPENING))


def test_of_the_first_days_no_climb_is_claimed():
    assert sentence(by_day(tallies([0.08, 0.12]), OPENING)).startswith("10.0% of the places are clicked")
    assert sentence(by_day([], OPENING)) == "The first customers are on their way."


@pytest.fixture
def workspace(tmp_path):
    found = Workspace.open(tmp_path / "home")
    folder(found).mkdir()
    yield found
    found.close()


def test_a_long_rehearsal_is_told_from_its_first_day_on(workspace):
    notes = tallies([0.08] * 800)
    lines = "".join(f"{json.dumps(asdict(one))}\n" for one in notes)
    (folder(workspace) / rehearsal.TRAFFIC).write_text(f'{lines}{{"at": "2028-', "utf-8")
    found = rehearsal.look(workspace).tallies
    assert found[-1] == notes[-1]
    assert by_day(found, OPENING).equals(by_day(notes, OPENING))
    assert len(found) == 800


def test_who_looks_while_others_look_sees_nobody_at_work(workspace):
    fcntl = pytest.importorskip("fcntl")
    with (folder(workspace) / rehearsal.LOCK).open("w") as another:
        fcntl.flock(another, fcntl.LOCK_SH)
        assert rehearsal.look(workspace).status.phase is rehearsal.Phase.none
    with FileLock(folder(workspace) / rehearsal.LOCK):
        assert rehearsal.look(workspace).status.phase is rehearsal.Phase.preparing


def test_a_service_that_answers_late_is_waited_for(workspace, monkeypatch):
    answers = iter([None, None, "http://127.0.0.1:8600"])
    monkeypatch.setattr(rehearsing.ad_calls, "address", lambda *_asked: next(answers))
    played = rehearsing._Rehearsal(workspace, folder(workspace), rehearsal.Asked(), Event())
    child = rehearsing._Child("service", [], workspace.home, workspace.home / "service.txt")
    assert played._address(workspace, child) == "http://127.0.0.1:8600"

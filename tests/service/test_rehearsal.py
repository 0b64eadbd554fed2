"""A rehearsal as processes: played to its end, killed part by part, and never in the way of a workspace's own log."""

import asyncio
import hashlib
import os
import signal
import subprocess
from pathlib import Path
from threading import Event

import pytest

from reco_lab.core.errors import InputError
from reco_lab.services import rehearsal
from reco_lab.services.ad_messages import EventIn
from reco_lab.services.ad_server import AdServer
from reco_lab.services.decisions import open_log
from reco_lab.services.demo import DEMO
from reco_lab.services.rehearsal import Asked, Phase
from reco_lab.services.rehearsing import rehearse
from reco_lab.testing import waiting
from reco_lab.testing.service import small_shop

pytestmark = pytest.mark.slow
RATE = 20_000.0


@pytest.fixture(autouse=True)
def _no_demo(monkeypatch):
    monkeypatch.setenv("RECO_LAB_DEMO", "0")


@pytest.fixture
def workspace(tmp_path):
    return small_shop(tmp_path / "home")


def until(holds):
    return waiting.until(holds, 120.0)


def visits(workspace):
    return [one.visits for one in rehearsal.look(workspace).tallies][-1:]


def pids(module, home):
    """The processes of this rehearsal that run a module."""
    found = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 1) for line in found.splitlines() if module in line]
    mine = []
    for pid, _ in lines:
        try:
            told = Path(f"/proc/{pid}/environ").read_bytes().decode()
        except OSError:
            continue
        if f"RECO_LAB_HOME={home}" in told:
            mine.append(int(pid))
    return mine


async def a_day(workspace):
    """Somebody's own log: an ad was shown and clicked."""
    server = AdServer.open(workspace)
    shown = server.ads("u1", n=1)
    await server.track([EventIn("e-1", shown.decision.placed[0].decision_id, "click")])
    server.close()


def digests(home):
    """The own log, byte by byte."""
    files = [home / "events.db", *sorted((home / "events.journal").rglob("*"))]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}


def played(workspace, seed):
    ended = rehearse(workspace, Asked(minutes=0.15, rate=RATE, seed=seed), lambda _done, _said: None)
    assert ended.phase is Phase.over, ended.said
    room = rehearsal.room(workspace)
    log = open_log(room)
    told = {
        visit.event_id.rpartition("-")[0]: visit.item_id
        for _, visit in log.visits()
        if visit.event_id.endswith("-0") and "-ad-" not in visit.event_id
    }
    counts = log.counts()
    log.close()
    return told, counts, rehearsal.look(workspace).tallies[-1]


def test_a_rehearsal_is_played_by_the_service_and_the_own_log_stays_as_it_is(workspace):
    asyncio.run(a_day(workspace))
    before, ads = digests(workspace.home), workspace.publications.history()
    assert before

    told, counts, last = played(workspace, 1)

    assert counts.decisions >= last.answers > 20
    assert counts.feedback["impression"] == last.places + last.house
    assert counts.feedback["click"] == last.clicks > 0
    assert last.by_lot < last.chance < last.possible
    again, _, _ = played(workspace, 1)
    common = told.keys() & again.keys()
    assert len(common) > 5
    assert {key: told[key] for key in common} == {key: again[key] for key in common}
    assert all(key.startswith("1-") for key in told), "each visit is named after the seed"
    assert digests(workspace.home) == before
    assert workspace.publications.history() == ads
    assert DEMO not in {one.name for one in workspace.store.datasets()}


def test_whatever_is_killed_the_rehearsal_goes_on_or_begins_anew(workspace):
    rehearsal.begin(workspace, Asked(minutes=3, rate=RATE))
    with pytest.raises(InputError, match="at work already"):
        rehearse(workspace, Asked(), lambda _done, _said: None)
    until(lambda: rehearsal.look(workspace).status.phase is Phase.running and visits(workspace) > [5])
    room = rehearsal.room(workspace).home
    for module in ("serve", "reco_lab.services.visitors"):
        (first,) = pids(module, room)
        os.kill(first, signal.SIGKILL)
        until(lambda: pids(module, room) not in ([], [first]))  # noqa: B023 - called before the next turn
        seen = len(rehearsal.look(workspace).tallies)
        until(lambda: sum(one.visits for one in rehearsal.look(workspace).tallies[seen + 1 :]) > 0)  # noqa: B023 - likewise

    (director,) = pids("reco_lab.cli rehearse", workspace.home)
    os.kill(director, signal.SIGKILL)
    until(lambda: rehearsal.look(workspace).status.phase is Phase.broken)
    until(lambda: not pids("serve", room) and not pids("reco_lab.services.visitors", room))

    rehearsal.begin(workspace, Asked(minutes=3, rate=RATE, seed=1))
    until(lambda: rehearsal.look(workspace).status.phase is Phase.running and visits(workspace) > [5])
    assert not room.exists()
    rehearsal.stop(workspace)
    until(lambda: rehearsal.look(workspace).status.phase is Phase.over and not rehearsal._directors)
    standing = rehearsal.room(workspace).clock
    assert standing.now() == standing.now()


def test_a_rehearsal_that_is_stopped_before_it_plays_just_ends(workspace):
    stop = Event()
    stop.set()
    assert rehearse(workspace, Asked(), lambda _done, _said: None, stop).phase is Phase.over

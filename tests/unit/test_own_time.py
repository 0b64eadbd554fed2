"""A folder with a clock of its own: it runs fast, stands still at its end, and work lives by the machine's time."""

from datetime import UTC, datetime, timedelta

import pytest

from reco_lab.core.clock import RunningClock, SystemClock
from reco_lab.core.errors import CorruptError
from reco_lab.store.own_time import FILE, clock_of, keep_clock, server_of
from reco_lab.workspace import Workspace

OPENING = datetime(2026, 1, 5, tzinfo=UTC)


def running(*, ago=10.0, rate=5000.0, ends=60.0):
    now = SystemClock().now()
    return RunningClock(now - timedelta(seconds=ago), OPENING, rate, now + timedelta(seconds=ends))


def shown(clock):
    return (clock.now() - OPENING).total_seconds()


def test_a_running_clock_runs_its_rate_times_as_fast_as_the_machine():
    clock, machine = running(ago=100.0, rate=5000.0), SystemClock()
    before = machine.now()
    first = clock.now()
    assert 500_000 <= (first - OPENING).total_seconds() < 500_000 + 5000 * 5
    second, passed = clock.now(), (machine.now() - before).total_seconds()
    assert 0 <= (second - first).total_seconds() <= 5000 * passed


def test_a_running_clock_stands_still_before_it_begins_and_after_its_end():
    assert shown(running(ago=-30.0)) == 0
    ended = running(ago=100.0, ends=-40.0)
    assert shown(ended) == pytest.approx(60 * 5000)
    assert ended.over
    assert not running().over


def test_a_running_clock_says_how_long_the_machine_waits_for_a_moment():
    clock = running(ago=-30.0, rate=2.0)
    assert clock.seconds_until(OPENING + timedelta(seconds=60)) == pytest.approx(30)
    assert clock.seconds_until(OPENING - timedelta(seconds=1)) == 0


def test_whoever_opens_a_folder_lives_by_the_clock_it_was_given(tmp_path):
    assert isinstance(clock_of(tmp_path), SystemClock)
    kept = running()
    keep_clock(tmp_path, kept)
    workspace = Workspace.open(tmp_path)
    assert abs(workspace.clock.now() - kept.now()) < timedelta(hours=6)
    assert workspace.store.clock is workspace.clock


def test_a_clock_that_is_wound_or_stopped_is_so_for_whoever_has_the_folder_open(tmp_path):
    keep_clock(tmp_path, RunningClock.standing(OPENING))
    workspace = Workspace.open(tmp_path)
    assert workspace.clock.now() == OPENING
    keep_clock(tmp_path, RunningClock.started(OPENING, 1e6, 60.0))
    sooner = workspace.clock.now()
    assert workspace.clock.now() > sooner > OPENING
    keep_clock(tmp_path, workspace.clock.running.stopped())
    assert workspace.clock.now() == workspace.clock.now() > sooner
    (tmp_path / FILE).unlink()
    assert workspace.clock.now() > OPENING


def test_a_damaged_clock_is_said_to_be_damaged(tmp_path):
    (tmp_path / FILE).write_text('{"since": "yesterday"}')
    with pytest.raises(CorruptError):
        clock_of(tmp_path)


def test_work_goes_by_the_machines_clock_also_where_the_workspace_runs_fast(tmp_path):
    keep_clock(tmp_path, running(rate=100_000.0))
    queue = Workspace.open(tmp_path).queue
    id_ = queue.submit("anything", {})
    assert abs((queue.get(id_).submitted - SystemClock().now()).total_seconds()) < 60


def test_a_rehearsal_never_leads_to_the_database_server(tmp_path, monkeypatch):
    monkeypatch.setenv("RECO_LAB_DATABASE_URL", "postgresql://somebody@127.0.0.1:1/nowhere")
    assert server_of(tmp_path) is not None
    keep_clock(tmp_path, running())
    workspace = Workspace.open(tmp_path)
    assert workspace.server is None
    assert not workspace.store.database.on_server

"""The worker as a real process: killed, cancelled, left alone. What a person is promised of long work."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from reco_lab.jobs.start import ensure_worker, worker_lives
from reco_lab.store.records import JobState
from reco_lab.testing.waiting import until
from reco_lab.workspace import Workspace

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads processes from /proc")

HERE = Path(__file__).parent
STEPS = {"seed": 7, "steps": 10, "pause_at": 5, "paused_by": "no such file"}


def processes(home, child=None):
    """The ids of live worker processes of a workspace; of children or of supervisors only, if asked."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "reco_lab.jobs.worker" in words and str(home) in words and child in {None, "--child" in words}:
            found.append(int(path.parent.name))
    return found


def end(home):
    for pid in processes(home, child=False):
        os.kill(pid, signal.SIGTERM)
    until(lambda: not processes(home))


def begin(workspace, idle_seconds=60.0):
    return ensure_worker(workspace, handlers="worker_handlers:HANDLERS", idle_seconds=idle_seconds)


@pytest.fixture(autouse=True)
def _handlers_are_found(monkeypatch):
    places = [str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, places)))
    monkeypatch.delenv("RECO_LAB_THREADS", raising=False)


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home")
    yield opened
    end(opened.home)
    opened.close()


def over(workspace, job):
    return until(lambda: not workspace.queue.get(job).live) and workspace.queue.get(job)


def kill_in_the_middle(workspace, *, child, steps=STEPS):
    """Submit a job, kill a process while it waits at one of its steps, and return its id."""
    stop = workspace.home / "stop"
    stop.touch()
    job = workspace.queue.submit("steps", steps | {"paused_by": str(stop)})
    until(lambda: workspace.queue.get(job).message == "Waiting to be killed")
    victim = processes(workspace.home, child=child)[0]
    doomed = {victim} if child else set(processes(workspace.home))
    os.kill(victim, signal.SIGKILL)
    until(lambda: doomed.isdisjoint(processes(workspace.home)))
    stop.unlink()
    return job


def test_one_warm_worker_does_all_jobs_on_one_thread_and_tells_what_went_wrong(workspace):
    assert begin(workspace)
    first, second = (workspace.queue.submit("about", {}) for _ in range(2))
    broken = workspace.queue.submit("broken", {})
    mistaken = workspace.queue.submit("mistaken", {"file": "empty.csv"})
    unknown = workspace.queue.submit("no such kind", {})
    assert over(workspace, first).result["threads"] == "1"
    assert over(workspace, second).result == over(workspace, first).result
    failed = over(workspace, broken)
    assert failed.state is JobState.failed
    assert failed.reference in failed.error
    log = "".join(path.read_text() for path in (workspace.home / "log").glob("*.jsonl"))
    assert "canary" in next(
        line for line in log.splitlines() if failed.reference in line and "canary" in line
    )
    assert over(workspace, mistaken).error == "empty.csv: The file is empty. Choose another file."
    assert over(workspace, unknown).state is JobState.failed


def test_only_one_worker_is_started_however_often_it_is_asked_for(workspace):
    assert [begin(workspace) for _ in range(5)] == [True, False, False, False, False]
    until(lambda: worker_lives(workspace.home))
    assert not any(begin(workspace) for _ in range(100))
    # one that starts its child is two of its name for a moment
    until(lambda: len(processes(workspace.home, child=False)) == 1)


def test_a_job_asleep_in_c_is_cancelled_within_a_second_and_the_next_one_runs(workspace):
    begin(workspace)
    over(workspace, workspace.queue.submit("about", {}))
    asleep = workspace.queue.submit("asleep", {"seconds": 60})
    until(lambda: workspace.queue.get(asleep).state is JobState.running)
    begun = time.monotonic()
    assert workspace.queue.cancel(asleep).cancelling
    assert over(workspace, asleep).state is JobState.cancelled
    assert time.monotonic() - begun < 30.0
    after = workspace.queue.submit("about", {})
    assert over(workspace, after).state is JobState.done
    assert len(processes(workspace.home, child=True)) == 1


def test_a_job_that_reports_is_cancelled_without_losing_the_warm_process(workspace):
    begin(workspace)
    before = over(workspace, workspace.queue.submit("about", {}))
    steps = workspace.queue.submit("steps", STEPS | {"paused_by": str(workspace.home)})
    until(lambda: workspace.queue.get(steps).message == "Waiting to be killed")
    workspace.queue.cancel(steps)
    assert over(workspace, steps).state is JobState.cancelled
    assert over(workspace, workspace.queue.submit("about", {})).result == before.result


def test_a_job_whose_process_is_killed_is_taken_up_again_and_ends_like_an_undisturbed_one(workspace):
    begin(workspace)
    undisturbed = over(workspace, workspace.queue.submit("steps", STEPS))
    disturbed = kill_in_the_middle(workspace, child=True)
    again = over(workspace, disturbed)
    assert (again.state, again.interrupted, again.attempts) == (JobState.done, 1, 2)
    assert again.result == undisturbed.result


def test_a_job_that_kills_its_process_twice_fails_with_a_sentence(workspace):
    begin(workspace)
    failed = over(workspace, workspace.queue.submit("deadly", {}))
    assert (failed.state, failed.interrupted) == (JobState.failed, 2)
    assert "died twice" in failed.error
    assert over(workspace, workspace.queue.submit("about", {})).state is JobState.done


def test_after_a_kill_of_the_supervisor_nothing_is_left_and_the_next_one_goes_on(workspace):
    begin(workspace)
    undisturbed = over(workspace, workspace.queue.submit("steps", STEPS))
    disturbed = kill_in_the_middle(workspace, child=False)
    assert not processes(workspace.home)
    until(lambda: begin(workspace))
    again = over(workspace, disturbed)
    assert (again.state, again.interrupted) == (JobState.done, 1)
    assert again.result == undisturbed.result


def test_a_job_that_a_restore_took_away_stops_and_the_worker_goes_on(workspace):
    begin(workspace)
    steps = workspace.queue.submit("steps", STEPS | {"paused_by": str(workspace.home)})
    until(lambda: workspace.queue.get(steps).message == "Waiting to be killed")
    with workspace.store.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM jobs")
    assert over(workspace, workspace.queue.submit("about", {})).state is JobState.done
    assert [job.kind for job in workspace.queue.recent()] == ["about"]


def test_an_idle_worker_ends_by_itself_and_leaves_no_process_and_no_lock(workspace):
    begin(workspace, idle_seconds=0.5)
    assert over(workspace, workspace.queue.submit("about", {})).state is JobState.done
    until(lambda: not processes(workspace.home))
    assert not worker_lives(workspace.home)


def test_a_worker_whose_workspace_was_removed_ends_and_does_not_bring_it_back(workspace, tmp_path):
    begin(workspace)
    over(workspace, workspace.queue.submit("about", {}))
    workspace.home.rename(tmp_path / "away")  # at once: a folder emptied file by file is still written to
    until(lambda: not processes(workspace.home))
    assert not workspace.home.exists()


@pytest.mark.slow
@pytest.mark.parametrize("child", [True, False])
def test_kills_at_early_and_late_steps_change_no_result_and_leave_no_process(workspace, child):
    begin(workspace)
    undisturbed = over(workspace, workspace.queue.submit("steps", STEPS))
    for kill in (0, 3, 6, 9):
        disturbed = kill_in_the_middle(workspace, child=child, steps=STEPS | {"pause_at": kill})
        until(lambda: child or begin(workspace))
        again = over(workspace, disturbed)
        assert (again.result, again.interrupted) == (undisturbed.result, 1)
    assert len(processes(workspace.home)) == 2

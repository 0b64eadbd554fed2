"""What a worker does inside one process: reporting, stopping, naming what went wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import CancelledError, DataError
from reco_lab.jobs import start
from reco_lab.jobs.child import Child, Reporter
from reco_lab.jobs.handlers import sentence, thread_limits
from reco_lab.jobs.supervisor import lock_path
from reco_lab.store.locks import FileLock
from reco_lab.store.queue import seconds_left
from reco_lab.store.records import JobState
from reco_lab.workspace import Workspace

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def _double(workspace, payload, report):
    report(1.0, f"Doubled with seed {workspace.seed}")
    return {"twice": 2 * payload["value"]}


def _greedy(_workspace, _payload, _report):
    raise MemoryError


HANDLERS = {"double": _double, "greedy": _greedy}


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr("reco_lab.jobs.handlers.resolve", lambda path: {"here": HANDLERS}[path])
    return "here"


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path, clock=ManualClock(NOON), seed=3)
    yield opened
    opened.close()


def claimed(workspace, kind="double", **payload):
    workspace.queue.submit(kind, payload)
    return workspace.queue.claim("worker")


def test_a_child_does_a_job_and_keeps_its_result(here, workspace):
    job = claimed(workspace, value=4)
    Child(workspace, here)._do(job)
    assert (workspace.queue.get(job.id).state, workspace.queue.get(job.id).result) == ("done", {"twice": 8})


def test_too_little_memory_is_said_in_words(here, workspace):
    job = claimed(workspace, "greedy")
    Child(workspace, here)._do(job)
    assert workspace.queue.get(job.id).state is JobState.failed
    assert "not enough memory" in workspace.queue.get(job.id).error


def test_a_report_stops_a_job_that_was_cancelled_or_lost(workspace):
    job = claimed(workspace)
    with pytest.raises(CancelledError):
        Reporter(workspace.queue, job, {job.id})(0.5, "Half")
    workspace.queue.reap()
    with pytest.raises(CancelledError):
        Reporter(workspace.queue, job, set())(0.5, "Half")


def test_a_report_may_be_called_a_hundred_thousand_times(workspace):
    job = claimed(workspace)
    report = Reporter(workspace.queue, job, set())
    for step in range(100_000):
        report(step / 100_000, "Step")
    assert 0 <= workspace.queue.get(job.id).fraction <= 1


def test_a_mistake_is_told_as_it_stands_and_a_fault_with_its_reference():
    mistake = DataError("There is one row.", where="tiny.csv", fix="Bring more.")
    assert sentence(mistake, "") == "tiny.csv: There is one row. Bring more."
    told = sentence(RuntimeError("secret"), "A1B2C3")
    assert "A1B2C3" in told
    assert "secret" not in told


def test_numeric_libraries_are_held_to_the_threads_asked_for(monkeypatch):
    monkeypatch.delenv("RECO_LAB_THREADS", raising=False)
    assert set(thread_limits().values()) == {"1"}
    monkeypatch.setenv("RECO_LAB_THREADS", "4")
    assert thread_limits()["OPENBLAS_NUM_THREADS"] == "4"


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_the_time_left_is_a_range_around_steady_progress(fraction):
    low, high = seconds_left(fraction, NOON, NOON + timedelta(seconds=100 * fraction))
    assert 0 < low < 100 * (1 - fraction) < high


def test_the_time_left_is_unknown_at_the_beginning():
    assert seconds_left(0.5, None, NOON) is None
    assert seconds_left(0.5, NOON, NOON) is None
    assert seconds_left(0.01, NOON, NOON + timedelta(hours=1)) is None


def test_a_long_log_of_the_state_is_moved_where_no_supervisor_does_it(workspace, monkeypatch):
    monkeypatch.setattr(start, "LONG_BYTES", 9 << 20)
    database = workspace.store.database
    assert not start.tend_state(workspace)

    def write(bytes_):
        while database.unmoved < bytes_:
            workspace.store.set_setting("notes", "x" * 1_000_000)

    write(12 << 20)
    with FileLock(lock_path(workspace.home)):
        assert not start.tend_state(workspace)
    assert start.tend_state(workspace)
    workspace.store.set_setting("notes", "y")
    assert database.unmoved < start.LONG_BYTES
    assert not start.worker_lives(workspace.home)

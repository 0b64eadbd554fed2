"""What every queue of long work must do, whatever database is under it; each check takes a store too, as those of `store` do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import NotFoundError
from reco_lab.store.queue import Queue
from reco_lab.store.records import JobState
from reco_lab.store.store import Store
from reco_lab.testing.store import Check, refused


def check_jobs_are_done_in_order_and_once(_store: Store, queue: Queue, _clock: ManualClock) -> None:
    """First come, first served; several workers at once never share a job."""
    ids = [queue.submit("train", {"number": number}) for number in range(24)]
    first = queue.claim("worker")
    assert first is not None
    assert (first.id, first.state, first.attempts) == (ids[0], JobState.running, 1)
    with ThreadPoolExecutor(4) as threads:
        claims = list(threads.map(queue.claim, ["a", "b", "c", "d"] * 6))
    taken = [claim.id for claim in claims if claim is not None]
    assert sorted(taken) == sorted(ids[1:])


def check_a_live_job_with_the_same_key_is_joined(_store: Store, queue: Queue, _clock: ManualClock) -> None:
    """Two clicks are one job; after its end the same question may be asked again."""
    id_ = queue.submit("train", {}, key="question")
    assert queue.submit("train", {}, key="question") == id_
    assert queue.submit("train", {}, key="other") != id_
    claim = queue.claim("worker")
    assert claim is not None
    assert queue.submit("train", {}, key="question") == id_
    assert queue.finish(claim, {})
    assert queue.submit("train", {}, key="question") != id_


def check_progress_is_told_with_the_time_left(_store: Store, queue: Queue, clock: ManualClock) -> None:
    """Half done after a minute leaves about a minute; progress never runs backwards."""
    queue.submit("train", {})
    claim = queue.claim("worker")
    assert claim is not None
    assert claim.seconds_left is None
    clock.at += timedelta(seconds=60)
    assert queue.progress(claim, 0.5, "Half")
    assert queue.progress(claim, 0.4, "Still half")
    seen = queue.get(claim.id)
    assert (seen.fraction, seen.message) == (0.5, "Still half")
    assert seen.seconds_left is not None
    assert seen.seconds_left[0] < 60 < seen.seconds_left[1]
    assert queue.finish(claim, {"answer": 42})
    seen = queue.get(claim.id)
    assert (seen.state, seen.fraction, seen.result) == (JobState.done, 1.0, {"answer": 42})
    assert (seen.seconds_left, seen.finished) == (None, clock.at)


def check_a_cancel_ends_a_waiting_job_and_asks_a_running_one(
    _store: Store, queue: Queue, _clock: ManualClock
) -> None:
    """What waits is cancelled at once; what runs is stopped by its worker; what is over stays."""
    running, waiting = queue.submit("train", {}), queue.submit("train", {})
    claim = queue.claim("worker")
    assert claim is not None
    assert queue.cancel(waiting).state is JobState.cancelled
    assert queue.cancel(running).cancelling
    assert queue.stop(claim)
    assert queue.get(running).state is JobState.cancelled
    assert queue.cancel(running).state is JobState.cancelled
    assert queue.claim("worker") is None
    assert refused(NotFoundError, lambda: queue.cancel("nothing"))


def check_a_job_is_taken_up_again_once(_store: Store, queue: Queue, _clock: ManualClock) -> None:
    """A dead worker's job is queued again, the second time it fails with a sentence."""
    id_ = queue.submit("train", {})
    assert queue.reap() == []
    assert queue.claim("worker")
    assert queue.reap() == [id_]
    assert (queue.get(id_).state, queue.get(id_).interrupted) == (JobState.queued, 1)
    assert queue.claim("worker")
    assert queue.reap() == [id_]
    failed = queue.get(id_)
    assert (failed.state, failed.interrupted, failed.attempts) == (JobState.failed, 2, 2)
    assert "twice" in failed.error


def check_a_worker_that_lost_its_job_cannot_touch_it(
    _store: Store, queue: Queue, _clock: ManualClock
) -> None:
    """A worker that was given up for dead and wakes up later changes nothing."""
    id_ = queue.submit("train", {})
    lost = queue.claim("first")
    queue.reap()
    claim = queue.claim("second")
    assert lost is not None
    assert claim is not None
    assert not queue.progress(lost, 0.9, "Late")
    assert not queue.finish(lost, {"late": True})
    assert not queue.fail(lost, "Late")
    assert not queue.stop(lost)
    assert queue.get(id_).message != "Late"
    assert queue.finish(claim, {"late": False})
    assert queue.get(id_).result == {"late": False}


def check_a_cancelled_job_is_not_taken_up_again(_store: Store, queue: Queue, _clock: ManualClock) -> None:
    """Whoever cancelled does not want it back because the worker died as well."""
    id_ = queue.submit("train", {})
    assert queue.claim("worker")
    queue.cancel(id_)
    queue.reap()
    assert queue.get(id_).state is JobState.cancelled


def check_the_latest_jobs_come_first(_store: Store, queue: Queue, _clock: ManualClock) -> None:
    """Lists show what happened last, and a key finds its latest job."""
    ids = [queue.submit("train", {}, key=f"question-{number}") for number in range(3)]
    assert [job.id for job in queue.recent(2)] == ids[:0:-1]
    latest = queue.latest("question-0")
    assert latest is not None
    assert latest.id == ids[0]
    assert queue.latest("never asked") is None


QUEUE_CHECKS: tuple[Check, ...] = tuple(
    check for name, check in sorted(globals().items()) if name.startswith("check_")
)

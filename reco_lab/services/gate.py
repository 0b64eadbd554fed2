"""The gate: what was served and done trains a challenger, which is judged, and serves only if it holds.

A round goes through its steps one by one, and each is kept before the next begins: a process that dies at any moment
leaves a round that goes on where it stood. Nothing serves but what a round promoted, or a person published.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.progress import Report
from reco_lab.jobs.start import ensure_worker
from reco_lab.services import ab_tests, canary, gate_steps, publishing, schedules
from reco_lab.services.gate_settings import gate_settings
from reco_lab.services.gate_words import said, sentence
from reco_lab.services.publishing import Plan
from reco_lab.store.locks import FileLock
from reco_lab.store.records import JobState
from reco_lab.store.rounds import Round, RoundState
from reco_lab.workspace import Workspace

JOB = "gate"
LOCK = "gate.lock"
MOST_ATTEMPTS = 3
FORGOTTEN = timedelta(hours=1)

STEPS: Mapping[RoundState, tuple[str, Callable[[Workspace, Round, Report], Round]]] = {
    RoundState.collecting: ("data", gate_steps.collect),
    RoundState.training: ("training", gate_steps.train),
    RoundState.judging: ("forward", gate_steps.judge),
    RoundState.canary: ("canary", gate_steps.try_out),
}


def run_round(workspace: Workspace, report: Report = lambda _fraction, _message: None) -> Round:
    """Bring the open round as far as it goes, or begin one; the round as it ended, or waits for customers.

    NotFoundError where nothing is published, so that there is nobody to challenge; InputError while an A/B
    test runs, or somebody else brings the round further: then nothing is done, and no attempt counted.
    """
    # only saves doing the same work twice: what counts are the records, where a step changes a round only if nobody did
    alone = FileLock(workspace.home / LOCK)
    if not alone.acquire():
        raise InputError(
            "A round of the gate is at work already.",
            fix="See how far it is on the Monitor page or with: reco-lab gate status.",
        )
    try:
        return _further(workspace, report)
    finally:
        alone.release()


def _further(workspace: Workspace, report: Report) -> Round:
    found = settled(workspace)
    found = _begun(workspace) if found is None else _taken_up(workspace, found)
    while found.live:
        name, step = STEPS[found.state]
        try:
            found = step(workspace, found, report)
        except InputError as error:
            found = gate_steps.refuse(workspace, found, [said(name, str(error), passed=False)])
        if _waits(found):
            break
    return found


def submit(workspace: Workspace) -> str:
    """Queue a round, or the going on of the open one; the job's id. The errors are those of `run_round`."""
    found = settled(workspace)
    plan = _champion(workspace, begins=found is None)[1]
    waits = found is not None and _waits(found)
    name = "Looking how customers take the challenger" if waits else "Training and judging a challenger"
    data = [
        one.fingerprint for one in workspace.store.versions(plan.dataset)
    ]  # an erasure stops work on these
    return workspace.queue.submit(JOB, {"name": name, "data": data}, key=JOB)


def compute(workspace: Workspace, _payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """What a worker does with a queued round."""
    found = run_round(workspace, report)
    return {"round": found.id, "state": found.state.value, "sentence": sentence(found)}


def due(workspace: Workspace) -> bool:
    """Whether something is to be done: a round by its schedule, a look at a canary, a round that was left alone.

    A round whose time comes while an A/B test runs is due as soon as the test is over.
    """
    found = workspace.rounds.open()
    if found is None:
        serves = schedules.due(workspace) and workspace.publications.serving() is not None
        return serves and ab_tests.running(workspace) is None
    job = workspace.queue.latest(JOB)
    if job is not None and job.live:
        return False
    hours = float(found.spec["settings"]["canary_hours"])
    patience = timedelta(hours=hours / canary.LOOKS) if _waits(found) else FORGOTTEN
    return workspace.clock.now() - found.changed >= patience


def tick(workspace: Workspace) -> str | None:
    """Queue what is due: called now and then by whoever serves or shows the app. The job's id, None if nothing is."""
    if last := workspace.rounds.listing(1):
        gate_steps.tidy(workspace, last[0])
    if not due(workspace) or (settled(workspace) is None and not schedules.take(workspace)):
        return None
    try:
        return submit(workspace)
    except InputError as error:
        workspace.log.info("round put off", why=str(error))
        return None


def begin_due(workspace: Workspace) -> None:
    """The same, with a worker to do it."""
    if tick(workspace) is not None:
        ensure_worker(workspace)


def cancel(workspace: Workspace, id_: str) -> Round:
    """End an open round by hand, even between two steps of its work; nothing of it serves."""
    found, told = workspace.rounds.get(id_), said("decision", "It was cancelled.", passed=None)
    while found.live:
        found = workspace.rounds.advance(found, RoundState.cancelled, {"plan": None}, [told])
    gate_steps.tidy(workspace, found)
    return found


def settled(workspace: Workspace) -> Round | None:
    """The open round; one whose work was cancelled on the board is cancelled."""
    found, job = workspace.rounds.open(), workspace.queue.latest(JOB)
    if found is None or job is None or job.state is not JobState.cancelled:
        return found
    if job.finished is not None and job.finished >= found.changed:
        cancel(workspace, found.id)
        return None
    return found


def _waits(found: Round) -> bool:
    """Whether only customers can bring a round further."""
    return found.state is RoundState.canary and bool(found.spec.get("test"))


def _champion(workspace: Workspace, *, begins: bool) -> tuple[int, Plan]:
    """What serves, by number and plan; where a round begins on it, no test may run."""
    serving = workspace.publications.serving()
    if serving is None:
        raise NotFoundError(
            "Nothing is published yet, so there is no champion to challenge.",
            fix="Publish a model on the page Ads or with: reco-lab publish.",
        )
    if begins and ab_tests.running(workspace) is not None:
        raise InputError(
            "An A/B test runs, and a new model would change what it compares.",
            fix="End it on the Monitor page first.",
        )
    return serving.number, publishing.plan_of(workspace, serving)


def _begun(workspace: Workspace) -> Round:
    number, plan = _champion(workspace, begins=True)
    return workspace.rounds.begin(
        {
            "dataset": plan.dataset,
            "champion": number,
            "model": plan.model,
            "settings": gate_settings(workspace).model_dump(),
            "attempts": 1,
        }
    )


def _taken_up(workspace: Workspace, found: Round) -> Round:
    """Go on with a round whose process died, but not for ever."""
    attempts = int(found.spec.get("attempts", 1)) + (not _waits(found))
    if attempts > MOST_ATTEMPTS:
        words = f"its work was interrupted {MOST_ATTEMPTS} times, so it was given up."
        return gate_steps.refuse(workspace, found, [said("decision", words, passed=False)])
    return workspace.rounds.advance(found, found.state, {"attempts": attempts})

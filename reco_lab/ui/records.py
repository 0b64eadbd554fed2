"""Experiments as a list shows them: how each stands, in a sentence."""

from collections.abc import Iterable

from reco_lab.services import experiments
from reco_lab.store.records import ExperimentRecord, JobState
from reco_lab.ui.words import short
from reco_lab.workspace import Workspace


def finished(asked: Iterable[ExperimentRecord]) -> list[ExperimentRecord]:
    """Those that have an answer."""
    return [record for record in asked if record.comparison is not None]


def labels(asked: Iterable[ExperimentRecord]) -> dict[str, str]:
    """What a menu shows for each id."""
    return {record.id: f"{short(record.created)} · {record.name}" for record in asked}


def sentence(record: ExperimentRecord) -> str:
    """The verdict of a finished experiment."""
    found = record.comparison or {}
    return str(found.get("plain") or found.get("sentence", ""))


def standing(workspace: Workspace, record: ExperimentRecord) -> str:
    """The verdict, or why there is none yet."""
    if record.comparison is not None:
        return sentence(record)
    job = experiments.job_of(workspace, record.id)
    if job is None:
        return "not started"
    if job.state is JobState.failed:
        return f"failed: {job.error}"
    words = {
        JobState.queued: "waits for its turn",
        JobState.running: "is running",
        JobState.cancelled: "was cancelled",
    }
    return words.get(job.state, "has no result")

"""What the store answers with: frozen records, nothing of the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class DatasetVersion:
    """One imported version of a data set; `artefact` holds its tables, `summary` what a list shows.

    `dropped` is when it was taken away; it can be brought back until it is forgotten.
    """

    name: str
    version: int
    title: str
    fingerprint: str
    artefact: str
    summary: Mapping[str, Any]
    synthetic: bool
    created: datetime
    dropped: datetime | None = None


@dataclass(frozen=True)
class ExperimentRecord:
    """A question that was asked: its specification and, once it is answered, the comparison, both as JSON values."""

    id: str
    key: str
    name: str
    spec: Mapping[str, Any]
    dataset: str
    fingerprint: str
    created: datetime
    comparison: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class RunRecord:
    """The result of one recommender in one experiment, found again by its key; `artefact` is the fitted model."""

    key: str
    result: Mapping[str, Any]
    artefact: str | None
    created: datetime


@dataclass(frozen=True)
class Openings:
    """How often a test part was looked at, with how many recommenders altogether.

    A look is an experiment, or something more that was tried on a finished one.
    """

    experiments: int
    recommenders: int


class JobState(StrEnum):
    """Where a job stands."""

    queued = "queued"
    running = "running"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"


@dataclass(frozen=True)
class Job:
    """A piece of long work as it stood when it was read.

    `fraction` is 0 to 1. `seconds_left` is a range, None where it cannot be known. `interrupted` counts how
    often its worker died, `attempts` how often it was begun. `error` is a sentence for a person and
    `reference` where the log tells more. `cancelling`: a cancel was asked for and is on its way.
    """

    id: str
    kind: str
    payload: Mapping[str, Any]
    key: str | None
    state: JobState
    fraction: float
    message: str
    seconds_left: tuple[float, float] | None
    attempts: int
    interrupted: int
    cancelling: bool
    worker: str
    result: Mapping[str, Any] | None
    error: str
    reference: str
    submitted: datetime
    started: datetime | None
    finished: datetime | None

    @property
    def live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in {JobState.queued, JobState.running}

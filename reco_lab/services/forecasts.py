"""What an experiment will take on this machine, before anybody presses the button."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from reco_lab.algorithms._memory import free_bytes
from reco_lab.core.errors import InputError
from reco_lab.core.experiment import Experiment
from reco_lab.core.progress import Report
from reco_lab.core.recommender import Recommender, algorithms
from reco_lab.core.splitting import Split
from reco_lab.experiments.conduct import REFERENCES, named, seeds, versions, with_references
from reco_lab.experiments.forecast import Forecast, Point, Work, forecast
from reco_lab.experiments.machine import comparing, measure
from reco_lab.experiments.memory import peak_mb, released, reset_peak
from reco_lab.experiments.tuning import BATCH, WORTH_A_PROCESS
from reco_lab.workspace import Workspace

JOB = "machine"
_KEPT = "machine"
BYTES_A_ROW = 3 * 21


class Measured(BaseModel):
    """What was measured, where and with which versions.

    `base` is what a worker takes without data, once everything is imported; `comparing` are the seconds of judging
    for each recommender and customer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: str
    versions: Mapping[str, str]
    base: float | None
    comparing: float
    points: Mapping[str, list[Point]]


@dataclass(frozen=True)
class Line:
    """One recommender's part: seconds with all its fits and trials, megabytes at the highest; None: not known.

    `refused` is the reason why it would not fit into the memory there is.
    """

    name: str
    seconds: float | None = None
    megabytes: float | None = None
    refused: str = ""


@dataclass(frozen=True)
class Outlook:
    """What an experiment will take, recommender by recommender, and `comparing` them in seconds."""

    lines: tuple[Line, ...]
    comparing: float = 0.0

    @property
    def unknown(self) -> list[str]:
        """The recommenders about which nothing is known on this machine."""
        return [line.name for line in self.lines if line.seconds is None]

    @property
    def seconds(self) -> float:
        """All that is known together."""
        return self.comparing + sum(line.seconds or 0.0 for line in self.lines)

    @property
    def megabytes(self) -> float | None:
        """The most that is needed at once; None where nothing is known."""
        known = [line.megabytes for line in self.lines if line.megabytes is not None]
        return max(known, default=None)

    @property
    def refused(self) -> list[str]:
        """What would not fit into memory, with the reason and a way out."""
        return [line.refused for line in self.lines if line.refused]


def known(workspace: Workspace) -> Measured | None:
    """What was measured on this very machine with these very versions; None where nothing was."""
    kept = workspace.store.get_setting(_KEPT)
    if kept is None:
        return None
    found = Measured.model_validate(kept)
    return found if found.machine == machine() and dict(found.versions) == versions() else None


def submit(workspace: Workspace) -> str:
    """Queue the measuring of this machine, which takes about half a minute; returns the job's id."""
    return workspace.queue.submit(JOB, {"name": "How quick is this machine?"}, key=JOB)


def learn(workspace: Workspace, report: Report) -> Measured:
    """Measure this machine now and keep what was found."""
    points = dict(measure(list(algorithms().values()), report))
    judged = comparing()
    released()
    base = peak_mb() if reset_peak() else None
    found = Measured(machine=machine(), versions=versions(), base=base, comparing=judged, points=points)
    workspace.store.set_setting(_KEPT, found.model_dump(mode="json"))
    return found


def work(split: Split) -> Work:
    """The work of one fit on everything before the test, and of lists for the test's customers."""
    return Work.of(split.before_test.interactions, len(np.unique(split.test.users)))


def outlook(workspace: Workspace, experiment: Experiment, asked: Work, *, validates: bool = True) -> Outlook:
    """What an experiment will take, from the work of one of its fits; `validates`: its split has a validation part."""
    measured = known(workspace)
    lines = [
        _line(name, spec, experiment, asked, measured, validates=validates)
        for name, spec in named(with_references(experiment.recommenders))
    ]
    judging = (
        0.0 if measured is None else measured.comparing * len(lines) * asked.whole.asked * _cuts(experiment)
    )
    return Outlook(tuple(lines), judging)


def require_memory(workspace: Workspace, experiment: Experiment, asked: Work) -> None:
    """Raise InputError where a recommender is known to need more memory than there is, before any work is begun."""
    if refused := outlook(workspace, experiment, asked).refused:
        raise InputError(refused[0], fix="Leave it out, or take a smaller part of the data.")


def _line(
    name: str,
    spec: Recommender,
    experiment: Experiment,
    asked: Work,
    measured: Measured | None,
    *,
    validates: bool,
) -> Line:
    one = None if measured is None else forecast(spec, asked, measured.points)
    if measured is None or one is None:
        return Line(name)
    cuts = _cuts(experiment)
    fits = cuts * len(seeds(spec, experiment)) * (1 + validates * _lessons(spec))
    seconds = fits * one.seconds + cuts * _tuning(spec, experiment, one)
    if one.megabytes is None or measured.base is None:
        return Line(name, seconds)
    data = asked.whole.rows * BYTES_A_ROW / 2**20
    return Line(name, seconds, measured.base + data + one.megabytes, _refusal(name, one.megabytes))


def _cuts(experiment: Experiment) -> int:
    """How many times the data is cut."""
    return int(getattr(experiment.split, "folds", getattr(experiment.split, "windows", 1)))


def _lessons(spec: Recommender) -> int:
    """How many fits the validation part takes: one, and two more for those that learn from it (see run.validate)."""
    return 3 if spec.info.family == "hybrid" else 1


def _tuning(spec: Recommender, experiment: Experiment, one: Forecast) -> float:
    """The seconds of a recommender's trials; long ones run side by side on the processors there are."""
    budget = experiment.tuning
    if budget is None or spec.algorithm() in REFERENCES or not spec.parameters():
        return 0.0
    seconds = budget.trials * _lessons(spec) * one.seconds
    if seconds >= WORTH_A_PROCESS:
        seconds /= min(BATCH, os.cpu_count() or 1)
    return seconds if budget.seconds is None else min(seconds, budget.seconds)


def _refusal(name: str, megabytes: float) -> str:
    free = free_bytes()
    if free is None or megabytes * 2**20 <= free:
        return ""
    return (
        f"{name} would need about {megabytes / 1024:.1f} GB of memory, and {free / 2**30:.1f} GB are free. Item k-NN "
        "needs far less."
    )


def machine() -> str:
    """What tells this machine from another: its system and its processors."""
    return f"{platform.platform(terse=True)}, {platform.machine()}, {os.cpu_count()} processors"

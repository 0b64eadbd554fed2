"""Learning curves of a finished comparison: by history length at once, by data size as a job."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from threadpoolctl import threadpool_limits

from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.progress import Report
from reco_lab.core.recommender import recommender
from reco_lab.experiments.learning import SHARES, Curve, by_history, by_rows
from reco_lab.experiments.results import Comparison, Row
from reco_lab.experiments.verdict import YARDSTICKS
from reco_lab.services.evidence import Evidence, evidence
from reco_lab.services.experiments import model_of, note_look
from reco_lab.store.records import Job
from reco_lab.workspace import Workspace

JOB = "learning curves"
CURVES = TypeAdapter(tuple[Curve, ...])


def cold_start(workspace: Workspace, known: Evidence, name: str) -> Curve | str:
    """How well a finished model serves the test customers by how much of their history it is told; or why it cannot."""
    model = model_of(workspace, known.asked.experiment, known.found.row(name))
    if model is None:
        raise NotFoundError(f"The model of {name!r} is not kept any more.", fix="Run the experiment again.")
    spec, scorer = model
    if not scorer.folds_in:
        return spec.info.folds_in_why or "it knows its customers by name, not by their history"
    asked = known.asked.experiment
    note_look(workspace, known.found, "by length of the history")
    with threadpool_limits(asked.threads):
        return by_history(name, scorer, known.exams[0], known.found.headline, asked.seed)


def forecast(found: Comparison) -> float:
    """About how many seconds the curves by data size take: every model is trained and asked on each share."""
    took = [row.seconds for row in _grown(found) if row.seconds]
    return sum(sum(SHARES) * one.fit + len(SHARES) * one.recommend for one in took)


def submit(workspace: Workspace, experiment_id: str, title: str) -> str:
    """Queue the curves by data size of a finished comparison; returns the job's id."""
    payload = {"id": experiment_id, "name": f"Learning curves, {title}"}
    return workspace.queue.submit(JOB, payload, key=_key(experiment_id))


def compute(workspace: Workspace, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Train every recommender on parts of the data; one that a part cannot feed is left out with its reason."""
    known = evidence(workspace, str(payload["id"]))
    rows, asked = _grown(known.found), known.asked.experiment
    note_look(workspace, known.found, "by share of the rows")
    curves, failed = [], {}
    with threadpool_limits(asked.threads):
        for place, row in enumerate(rows):
            step = _step(report, row.name, place, len(rows))
            try:
                curves.append(by_rows(row.name, recommender(row.parameters), known.exams[0], asked, step))
            except InputError as error:
                failed[row.name] = str(error)
    return {"curves": CURVES.dump_python(tuple(curves), mode="json"), "failed": failed}


def job_of(workspace: Workspace, experiment_id: str) -> Job | None:
    """The latest job that computes the curves of a comparison."""
    return workspace.queue.latest(_key(experiment_id))


def by_size(job: Job | None) -> tuple[Curve, ...]:
    """The curves that a finished job found; none while there are none."""
    try:
        return CURVES.validate_python((job.result or {}).get("curves", ())) if job else ()
    except ValidationError:
        return ()


def _grown(found: Comparison) -> list[Row]:
    return [
        row for row in found.leaderboard if row.run_keys and row.algorithm not in YARDSTICKS and not row.error
    ]


def _key(experiment_id: str) -> str:
    return f"{JOB}:{experiment_id}"


def _step(report: Report, name: str, place: int, count: int) -> Report:
    return lambda fraction, message: report((place + fraction) / count, f"{name}: {message}")

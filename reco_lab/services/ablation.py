"""What each part of the hybrids of a finished comparison adds, as a job: every hybrid learns again without it."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from threadpoolctl import threadpool_limits

from reco_lab.core.errors import InputError, SplitError
from reco_lab.core.progress import Report
from reco_lab.core.recommender import Recommender, recommender
from reco_lab.experiments.ablation import Ablation, ablation
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.results import Comparison
from reco_lab.experiments.run import Exams
from reco_lab.services.experiments import Prepared, comparison, recall
from reco_lab.store.records import Job
from reco_lab.workspace import Workspace

JOB = "ablation"
FAMILY = "hybrid"
ANSWERS = TypeAdapter(dict[str, Ablation])


def hybrids(found: Comparison) -> dict[str, Recommender]:
    """The hybrids that finished, by name, with the settings they ran with."""
    rows = [row for row in found.leaderboard if row.run_keys and not row.error]
    specs = {row.name: recommender(row.parameters) for row in rows}
    return {name: spec for name, spec in specs.items() if spec.info.family == FAMILY}


def submit(workspace: Workspace, experiment_id: str, title: str) -> str:
    """Queue the taking apart of a comparison's hybrids; returns the job's id. SplitError without a validation part."""
    _exam(recall(workspace, experiment_id))
    payload = {"id": experiment_id, "name": f"What each part adds, {title}"}
    return workspace.queue.submit(JOB, payload, key=_key(experiment_id))


def compute(workspace: Workspace, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Take every hybrid apart on the validation part of the first fold; one that fails is left out with its reason."""
    asked = recall(workspace, str(payload["id"]))
    exam, question = _exam(asked), asked.experiment
    specs = hybrids(comparison(workspace, str(payload["id"])))
    answers, failed = {}, {}
    with threadpool_limits(question.threads):
        for place, (name, spec) in enumerate(specs.items()):
            try:
                answers[name] = ablation(spec, exam, question, _step(report, name, place, len(specs)))
            except InputError as error:
                failed[name] = str(error)
    return {"answers": ANSWERS.dump_python(answers, mode="json"), "failed": failed}


def job_of(workspace: Workspace, experiment_id: str) -> Job | None:
    """The latest job that takes the hybrids of a comparison apart."""
    return workspace.queue.latest(_key(experiment_id))


def answers(job: Job | None) -> dict[str, Ablation]:
    """What a finished job found, by hybrid; nothing while there is none."""
    try:
        return ANSWERS.validate_python((job.result or {}).get("answers", {})) if job else {}
    except ValidationError:
        return {}


def _exam(asked: Prepared) -> Exam:
    exams = Exams.of(asked.splits[0], asked.experiment)
    if exams.validation is None:
        raise SplitError(
            f"The parts of a hybrid are weighed on the validation part: {exams.no_validation.rstrip('.')}.",
            fix="Compare again with a split that has one.",
        )
    return exams.validation


def _key(experiment_id: str) -> str:
    return f"{JOB}:{experiment_id}"


def _step(report: Report, name: str, place: int, count: int) -> Report:
    return lambda fraction, message: report((place + fraction) / count, f"{name}: {message}")

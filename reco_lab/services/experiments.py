"""Ask a question of several recommenders, watch, and read the answer."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NotFoundError
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.core.interactions import Interactions
from reco_lab.core.parameters import Parameter
from reco_lab.core.progress import Report
from reco_lab.core.ranking import NO_ITEM
from reco_lab.core.recommender import Info, Recommender, Scorer, algorithms, recommender
from reco_lab.core.splitting import Split, splitter
from reco_lab.experiments.conduct import (
    conduct,
    cuts_fingerprint,
    named,
    test_part,
    with_references,
)
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.file import dump
from reco_lab.experiments.folds import summary
from reco_lab.experiments.results import Comparison, Row, SplitSummary
from reco_lab.experiments.verdict import RANDOM
from reco_lab.services.data import load_dataset, read_split_files
from reco_lab.services.forecasts import require_memory, work
from reco_lab.services.lost_data import SENTENCE, lost
from reco_lab.services.shelf import WorkspaceShelf
from reco_lab.splits.given import Given
from reco_lab.store.records import DatasetVersion, ExperimentRecord, Job, JobState, Openings
from reco_lab.workspace import Workspace

JOB = "experiment"
REMEMBERED = 50
STARTERS = ("item_knn", "ease", "ials", "recently_popular", "content", "hybrid")


@dataclass(frozen=True)
class Offer:
    """An algorithm a person may choose: what it is, what can be set, and what is missing for it (empty: nothing)."""

    algorithm: str
    info: Info
    parameters: tuple[Parameter, ...]
    missing: tuple[str, ...]


def offers(data: Dataset | None) -> list[Offer]:
    """Every algorithm there is, those that can learn here first, by family; without data only extras can be missing."""
    found = [
        Offer(
            name, kind.info, kind.parameters(), kind.uninstalled() if data is None else kind().missing(data)
        )
        for name, kind in algorithms().items()
    ]
    return sorted(found, key=lambda offer: (bool(offer.missing), offer.info.family, offer.info.label))


def starter(data: Dataset, name: str = "First comparison") -> Experiment:
    """A sensible first experiment for this data: a time-aware split where times exist, models the data can feed."""
    specs = [recommender({"algorithm": algorithm}) for algorithm in STARTERS]
    fitting = tuple(spec for spec in specs if not spec.missing(data))
    return Experiment(
        name=name,
        data=DataSpec(dataset=data.name),
        split=default_split(data),
        recommenders=fitting,
        metrics=MetricSpec(),
    )


def default_split(data: Dataset) -> Any:
    """A global cut in time where times exist (a simulated shop's own test period), else random rows."""
    if data.interactions.times is None:
        return {"kind": "random_rows"}
    cutoff = {"cutoff": str(data.truth.start.astype("datetime64[s]"))} if data.truth is not None else {}
    return {"kind": "global_time"} | cutoff


@dataclass(frozen=True, eq=False)
class Prepared:
    """An experiment with its data and its cuts; `experiment.split` is settled where it was left open."""

    experiment: Experiment
    data: Dataset
    splits: list[Split]


def submit(workspace: Workspace, experiment: Experiment) -> str:
    """Put an experiment into the queue; returns the job's id. The experiment's id is in the job's payload.

    Everything that can be refused is refused here: unknown data, an impossible split, nobody to score, more
    memory than there is.
    """
    ready = prepare(workspace, experiment)
    for split in ready.splits:
        Exam.of(split, "test", ready.experiment)
    require_memory(workspace, ready.experiment, work(ready.splits[0]))
    id_ = remember(workspace, ready)
    payload = {
        "id": id_,
        "experiment": ready.experiment.model_dump(mode="json"),
        "fingerprint": ready.data.fingerprint,
        "studies": _studies(ready),
    }
    return workspace.queue.submit(JOB, payload, key=f"{JOB}:{id_}")


def _studies(ready: Prepared) -> dict[str, Any]:
    """Where the trials of each recommender will be kept, so that they can be watched."""
    asked = ready.experiment
    if asked.tuning is None:
        return {}
    cut = ready.splits[0].fingerprint
    specs = named(with_references(asked.recommenders))
    return {
        "headline": asked.headline,
        "of": [[name, spec.algorithm(), asked.run_key(spec, cut, asked.seed)] for name, spec in specs],
    }


def remember(workspace: Workspace, ready: Prepared) -> str:
    """Keep the question; the same question about the same data and cuts has the same id."""
    asked, data = ready.experiment, ready.data
    key = asked.key(cuts_fingerprint(ready.splits))
    return workspace.store.save_experiment(
        key, asked.name, asked.model_dump(mode="json"), data.name, data.fingerprint
    )


def run(
    workspace: Workspace, experiment: Experiment, report: Report, base: Path = Path(), fingerprint: str = ""
) -> Comparison:
    """Conduct an experiment now and keep its answer; what was computed before is not computed again.

    Files that the experiment names are looked for relative to `base`.
    """
    ready = prepare(workspace, experiment, base, fingerprint)
    id_ = remember(workspace, ready)
    cut, asked = cuts_fingerprint(ready.splits), ready.experiment
    workspace.ledger.open_test(
        test_part(ready.splits), asked.key(cut), len(with_references(asked.recommenders))
    )
    answer = conduct(
        ready.data, ready.splits, ready.experiment, WorkspaceShelf(workspace, ready.experiment), report
    )
    answer = answer.model_copy(update={"created": workspace.clock.now().isoformat(timespec="seconds")})
    workspace.store.set_comparison(id_, answer.model_dump(mode="json"))
    return answer


def prepare(
    workspace: Workspace, experiment: Experiment, base: Path = Path(), fingerprint: str = ""
) -> Prepared:
    """Find the data of an experiment and cut it; `fingerprint` names the version that was asked about, else the newest."""
    rng = np.random.default_rng(experiment.seed)
    if experiment.data.dataset is None:
        data, parts, candidates = read_split_files(experiment.data, base, workspace.clock)
        if len(np.unique(parts)) > 1:
            given = experiment.split if isinstance(experiment.split, Given) else Given()
            settled = experiment.model_copy(update={"split": given})
            return Prepared(settled, data, [given.cut(data, parts, rng, candidates)])
    else:
        data = _version(workspace, experiment.data, fingerprint)
    chosen = experiment.split or splitter(default_split(data))
    return Prepared(experiment.model_copy(update={"split": chosen}), data, list(chosen.split(data, rng)))


def recall(workspace: Workspace, experiment_id: str) -> Prepared:
    """An experiment that was asked before, with the very data and cuts it was asked about."""
    record = workspace.store.experiment(experiment_id)
    return prepare(workspace, experiment_of(record), fingerprint=record.fingerprint)


def cuts(data: Dataset, experiment: Experiment) -> list[Split]:
    """The splits of the data, one for most kinds; SplitError where a part would be empty."""
    chosen = experiment.split or splitter(default_split(data))
    return list(chosen.split(data, np.random.default_rng(experiment.seed)))


def answered(workspace: Workspace, experiment: Experiment) -> ExperimentRecord | None:
    """The finished experiment that asked the very same question before, if there is one; the name does not matter."""
    ready = prepare(workspace, experiment)
    key = ready.experiment.key(cuts_fingerprint(ready.splits))
    known = (one for one in listing(workspace, ready.data.name) if one.key == key)
    return next((one for one in known if one.comparison is not None), None)


def seconds_before(workspace: Workspace, dataset: str) -> float | None:
    """How long the last comparison on this data set took from its start to its end; None where none is remembered."""
    for job in workspace.queue.recent(REMEMBERED):
        asked = job.payload.get("experiment", {}).get("data", {}).get("dataset")
        if asked == dataset and job.state is JobState.done and job.started and job.finished:
            return (job.finished - job.started).total_seconds()
    return None


def listing(workspace: Workspace, dataset: str | None = None) -> list[ExperimentRecord]:
    """The experiments of a data set (or all), newest first; those without a comparison have not finished."""
    return workspace.store.experiments(dataset)


def job_of(workspace: Workspace, experiment_id: str) -> Job | None:
    """The latest job of an experiment."""
    return workspace.queue.latest(f"{JOB}:{experiment_id}")


def comparison(workspace: Workspace, experiment_id: str) -> Comparison:
    """What an experiment found; NotFoundError while it has not finished."""
    record = workspace.store.experiment(experiment_id)
    if record.comparison is None:
        raise NotFoundError(
            f"The experiment {record.name!r} has no result yet.", fix="Wait until it has finished."
        )
    try:
        return Comparison.model_validate(record.comparison)
    except ValidationError as error:
        raise NotFoundError(
            f"The result of {record.name!r} was kept by another version of Reco Lab.",
            fix="Run the experiment again.",
        ) from error


def note_look(workspace: Workspace, found: Comparison, what: str, recommenders: int = 0) -> None:
    """Count that something more was tried on the test part of a finished comparison, once however often it is shown.

    `recommenders` is how many the person may now choose from that were not judged before.
    """
    key = sha256(f"{found.key}|{what}".encode()).hexdigest()
    workspace.ledger.open_test(found.test_part or found.cut, key, recommenders)


def openings(workspace: Workspace, found: Comparison) -> Openings:
    """How often the test part behind a comparison was looked at so far, itself included."""
    return workspace.ledger.openings(found.test_part or found.cut)


def experiment_of(record: ExperimentRecord) -> Experiment:
    """The question as it was asked."""
    return Experiment.model_validate(dict(record.spec))


def split_preview(data: Dataset, experiment: Experiment) -> SplitSummary:
    """What the split would leave, before anything is trained."""
    chosen = experiment.split or splitter(default_split(data))
    splits = cuts(data, experiment)
    return summary(chosen.kind(), [Exam.of(split, "test", experiment) for split in splits], splits)


def overlap(workspace: Workspace, experiment_id: str, k: int = 10) -> tuple[list[str], np.ndarray]:
    """The names of the recommenders, and the mean share of the first k items that their lists have in common."""
    asked, found = (
        experiment_of(workspace.store.experiment(experiment_id)),
        comparison(workspace, experiment_id),
    )
    shelf = WorkspaceShelf(workspace, asked)
    runs = [(row.name, shelf.run(row.run_keys[0])) for row in rows_run(asked, found)]
    lists = {name: one.lists.items[:, :k] for name, one in runs if one is not None}
    shares = [[_shared(one, other) for other in lists.values()] for one in lists.values()]
    return list(lists), np.array(shares, np.float64).reshape(len(lists), len(lists))


def about(experiment: Experiment, version: DatasetVersion) -> Experiment:
    """The same question about this very version of its data set, however many come after it."""
    if experiment.data.dataset is None:
        return experiment
    data = {"version": version.version, "fingerprint": version.fingerprint}
    return experiment.model_copy(update={"data": experiment.data.model_copy(update=data)})


def as_asked(workspace: Workspace, experiment_id: str) -> Experiment:
    """The question as it was asked, about the very version it was asked about, where that is still here."""
    record = workspace.store.experiment(experiment_id)
    experiment, versions = experiment_of(record), workspace.store.all_versions()
    known = (one for one in versions if (one.name, one.fingerprint) == (record.dataset, record.fingerprint))
    version = next(known, None)
    return experiment if version is None else about(experiment, version)


def toml(experiment: Experiment) -> str:
    """The experiment file that repeats it with `reco-lab run`."""
    return dump(experiment)


def script(experiment: Experiment) -> str:
    """A short Python script that does the same."""
    return SCRIPT.format(toml=dump(experiment).replace("\\", "\\\\"))


def exam_of(workspace: Workspace, experiment_id: str) -> tuple[Dataset, Exam, Interactions]:
    """The data of an experiment, the test exam of its (first) split, and all rows of the test part."""
    ready = recall(workspace, experiment_id)
    return ready.data, Exam.of(ready.splits[0], "test", ready.experiment), ready.splits[0].test


def models_of(workspace: Workspace, experiment_id: str) -> list[tuple[str, Recommender, Scorer]]:
    """The trained models of an experiment's (first) split by name, random left out."""
    asked, found = (
        experiment_of(workspace.store.experiment(experiment_id)),
        comparison(workspace, experiment_id),
    )
    models = [
        (row.name, model_of(workspace, asked, row))
        for row in rows_run(asked, found)
        if row.algorithm != RANDOM
    ]
    return [(name, *model) for name, model in models if model is not None]


def model_of(workspace: Workspace, asked: Experiment, row: Row) -> tuple[Recommender, Scorer] | None:
    """The trained model behind a row (of its first fold and seed); None where it is not there any more."""
    return WorkspaceShelf(workspace, asked).model(row.run_keys[0]) if row.run_keys else None


def rows_run(asked: Experiment, found: Comparison) -> list[Row]:
    """The rows that were really run, in the order they were asked for."""
    rows = {row.name: row for row in found.leaderboard if row.run_keys and row.error is None}
    return [rows[name] for name, _ in named(with_references(asked.recommenders)) if name in rows]


def _version(workspace: Workspace, asked: DataSpec, fingerprint: str) -> Dataset:
    """The version with this fingerprint, else the one that the question names, else the newest.

    NotFoundError if it is not here, or not what the question was about.
    """
    name, wanted = str(asked.dataset), fingerprint or asked.fingerprint
    if not wanted:
        return load_dataset(workspace, name, asked.version)
    known = {one.fingerprint: one.version for one in workspace.store.versions(name)}
    if wanted in known:
        return load_dataset(workspace, name, known[wanted])
    if lost(workspace, wanted) is not None:
        raise NotFoundError(SENTENCE)
    if fingerprint:
        raise NotFoundError(
            f"The version of {name!r} that this was asked about was dropped.",
            fix="Bring it back on the Data page.",
        )
    other = f"version {asked.version}" if asked.version in known.values() else "every version"
    raise NotFoundError(
        f"The data that this was asked about is not here: {other} of {name!r} holds something else.",
        fix="Import the same file, or take `version` and `fingerprint` out of [data] to ask about the newest.",
    )


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    """The mean share of items in common over customers, lists as rows."""
    rows = np.arange(len(one))[:, None] * np.int64(1 << 31)
    keys = [(rows + items)[items != NO_ITEM] for items in (one, other)]
    return float(np.isin(*keys).sum() / max(1, *(len(key) for key in keys)))


SCRIPT = '''"""Repeats an experiment of Reco Lab: python experiment.py"""

from reco_lab.experiments.file import parse
from reco_lab.services.experiments import run
from reco_lab.workspace import Workspace

experiment = parse("""
{toml}""")

answer = run(Workspace.open(), experiment, report=lambda fraction, message: print(f"{{fraction:4.0%}} {{message}}"))
print(answer.sentence)
for row in answer.leaderboard:
    print(row.name, row.error or row.metrics[answer.headline].value)
'''

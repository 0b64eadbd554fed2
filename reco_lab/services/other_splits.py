"""The same recommenders under other splits: asked with one click, and read side by side."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from reco_lab.core.errors import InputError
from reco_lab.core.evaluation import metric_at
from reco_lab.core.experiment import Experiment
from reco_lab.core.splitting import Splitter, splitter, splitters
from reco_lab.experiments.exam import Exam, target_kinds
from reco_lab.experiments.inspection import Inspection
from reco_lab.experiments.inspector import inspect
from reco_lab.experiments.results import Comparison, Outcome
from reco_lab.services.experiments import (
    comparison,
    cuts,
    experiment_of,
    job_of,
    listing,
    recall,
    submit,
)
from reco_lab.store.records import ExperimentRecord
from reco_lab.workspace import Workspace

LONGEST_NAME = 120


@dataclass(frozen=True)
class Standing:
    """How a recommender stands under one split: its place and value over warm customers, and over all of them."""

    place: int
    value: float
    all_place: int | None = None
    all_customers: float | None = None


@dataclass(frozen=True, eq=False)
class UnderSplit:
    """What one split says of the recommenders; `standings` is empty for those that have no value under it."""

    split: str
    experiment_id: str
    found: Comparison
    standings: dict[str, Standing]

    def level(self, name: str) -> dict[str, Outcome]:
        """Whom the paired tests do not tell from this one: champion and others only, as no two others are tested."""
        open_ = {Outcome.tie, Outcome.unsure}
        duels = [one for one in self.found.verdicts if one.outcome in open_]
        if name == self.found.champion:
            return {one.other: one.outcome for one in duels}
        return {one.champion: one.outcome for one in duels if one.other == name}


def inspection(workspace: Workspace, experiment_id: str) -> Inspection:
    """Look into the (first) split of an experiment."""
    ready = recall(workspace, experiment_id)
    return inspect(ready.splits[0], target_kinds(ready.data, ready.experiment))


def alternatives(workspace: Workspace, experiment_id: str) -> dict[str, str]:
    """The other kinds of split, with the reason where this data cannot be cut so (empty: it can)."""
    ready = recall(workspace, experiment_id)
    own = ready.experiment.split
    found = {}
    for kind in splitters():
        if kind not in {"given", own.kind() if own else ""}:
            asked = _under(ready.experiment, splitter({"kind": kind}))
            try:
                for split in cuts(ready.data, asked):
                    Exam.of(split, "test", asked)
                found[kind] = ""
            except InputError as error:
                found[kind] = error.what
    return found


def submit_under(workspace: Workspace, experiment_id: str, kinds: Iterable[str]) -> list[str]:
    """Queue experiments that differ in nothing but the split; returns the jobs' ids. Finished ones are not asked again."""
    asked = experiment_of(workspace.store.experiment(experiment_id))
    known = {one.split for one in under_splits(workspace, experiment_id)}
    wanted = [splitter({"kind": kind}) for kind in kinds]
    return [submit(workspace, _under(asked, one)) for one in wanted if one.label not in known]


def under_splits(workspace: Workspace, experiment_id: str) -> list[UnderSplit]:
    """This experiment and the finished ones that differ from it only in the split, itself first."""
    record = workspace.store.experiment(experiment_id)
    rest = [one for one in listing(workspace, record.dataset) if one.id != record.id]
    twins = [one for one in rest if one.comparison is not None and _twins(record, one)]
    found = []
    for one in (record, *twins):
        try:
            answer = comparison(workspace, one.id)
        except InputError:
            continue
        found.append(UnderSplit(_label(one), one.id, answer, standings(answer)))
    return list({one.split: one for one in reversed(found)}.values())[::-1]


def under_way(workspace: Workspace, experiment_id: str) -> bool:
    """Whether the same recommenders are being run under another split."""
    record = workspace.store.experiment(experiment_id)
    waiting = [
        one for one in listing(workspace, record.dataset) if one.comparison is None and _twins(record, one)
    ]
    jobs = [job_of(workspace, one.id) for one in waiting]
    return any(job is not None and job.live for job in jobs)


def standings(found: Comparison) -> dict[str, Standing]:
    """The place of each recommender that was run, by the headline: over warm customers and over all."""
    key = found.headline
    cells = {row.name: row.metrics[key] for row in found.leaderboard if row.run_keys and key in row.metrics}
    sign = 1 if metric_at(key)[0].higher_is_better is False else -1
    warm = _places({name: cell.value for name, cell in cells.items()}, sign)
    everyone = _places({name: cell.all_customers for name, cell in cells.items()}, sign)
    return {
        name: Standing(place, cells[name].value or 0.0, everyone.get(name), cells[name].all_customers)
        for name, place in warm.items()
    }


def _places(values: dict[str, float | None], sign: int) -> dict[str, int]:
    """The place of each, equals sharing theirs; those without a value have none."""
    known = {name: sign * value for name, value in values.items() if value is not None}
    return {name: 1 + sum(other < value for other in known.values()) for name, value in known.items()}


def _under(asked: Experiment, other: Splitter) -> Experiment:
    """The same question under another split."""
    name = f"{asked.name.partition(' · ')[0]} · {other.label}"[:LONGEST_NAME]
    return asked.model_copy(update={"split": other, "name": name})


def _twins(one: ExperimentRecord, other: ExperimentRecord) -> bool:
    return one.fingerprint == other.fingerprint and _question(one) == _question(other)


def _question(record: ExperimentRecord) -> dict[str, Any]:
    """The question without its split, settings that came later at their defaults; like no other where it cannot be read."""
    try:
        return experiment_of(record).model_dump(mode="json", exclude={"name", "split"})
    except (InputError, ValidationError):
        return {"id": record.id}


def _label(record: ExperimentRecord) -> str:
    split = experiment_of(record).split
    return split.label if split else "Given"

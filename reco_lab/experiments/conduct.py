"""Conduct an experiment: every recommender through the same exams, then the comparison."""

import hashlib
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import CancelledError, InputError, SplitError
from reco_lab.core.evaluation import metric_at
from reco_lab.core.experiment import Experiment, Question
from reco_lab.core.progress import Report
from reco_lab.core.recommender import Recommender, Scorer, recommender
from reco_lab.core.splitting import Split
from reco_lab.experiments.compare import cells, champion, direction, margin_of, verdicts
from reco_lab.experiments.diagnostics import lacking, notes_about, obstacle, warnings_about
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.folds import Answer, chooses, overall, pooled, summary
from reco_lab.experiments.oracle import Oracle, oracle_gap
from reco_lab.experiments.results import Comparison, Row, Seconds, Tuned
from reco_lab.experiments.run import Exams, Run, run
from reco_lab.experiments.tuning import Notebook, State, Trial, tune
from reco_lab.experiments.verdict import ORACLE, POPULAR, RANDOM, plain, sentence

REFERENCES = (RANDOM, POPULAR)
ORACLE_NAME = "Oracle"
LIBRARIES = ("reco-lab", "numpy", "scipy", "pandas", "scikit-learn", "numba", "scikit-surprise")


class Shelf(Protocol):
    """Where finished runs are kept, so that nothing is computed twice and nothing finished is lost."""

    def fetch(self, spec: Recommender, split: Split, seed: int) -> Run | None:
        """The finished run of this recommender on this split with this seed, if there is one."""
        ...

    def keep(self, spec: Recommender, split: Split, seed: int, finished: Run, scorer: Scorer) -> None:
        """Keep a finished run and its model."""
        ...

    def notebook(self, spec: Recommender, split: Split) -> Notebook:
        """Where the trials of this recommender's tuning on this split are kept."""
        ...

    def excuse(self, spec: Recommender, error: Exception) -> str:
        """The sentence to show for an error that is our own fault; its details go to the log."""
        ...


@dataclass
class Line:
    """A recommender on its way to the leaderboard: its answers fold by fold, or what went wrong.

    `runs` holds those of all folds and seeds, folds first. `specs` are what was run, a fold each: with
    tuning, the settings that were found in `studies`, a list of trials a fold.
    """

    name: str
    spec: Recommender
    answers: list[Answer] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    specs: list[Recommender] = field(default_factory=list)
    studies: list[tuple[Trial, ...]] = field(default_factory=list)
    error: str | None = None


def conduct(
    data: Dataset, splits: Iterable[Split], experiment: Experiment, shelf: Shelf, report: Report
) -> Comparison:
    """Run every recommender on every fold and hold them against each other.

    Random and most popular always take part, and the oracle where the truth is known. A recommender that
    fails stands on the leaderboard with its reason and costs the others nothing.
    """
    folds = list(splits)
    exams = [Exams.of(split, experiment) for split in folds]
    lines = [Line(name, spec) for name, spec in named(with_references(experiment.recommenders))]
    steps = len(lines) * len(folds)
    for number, line in enumerate(lines):
        for place, (split, both) in enumerate(zip(folds, exams, strict=True)):
            done = number * len(folds) + place
            _sit(line, split, both, experiment, shelf, _step(report, line.name, done, steps))
    return _comparison(data, folds, exams, experiment, lines)


def versions() -> dict[str, str]:
    """The versions of everything that has a say in a number."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def with_references(specs: Sequence[Recommender]) -> tuple[Recommender, ...]:
    """The recommenders with random and most popular added where they are missing."""
    present = {spec.algorithm() for spec in specs}
    return (*specs, *(recommender({"algorithm": name}) for name in REFERENCES if name not in present))


def named(specs: Sequence[Recommender]) -> list[tuple[str, Recommender]]:
    """A name of its own for each recommender: its label, and what sets it apart from others of its kind."""
    found: dict[str, Recommender] = {}
    for spec in dict.fromkeys(specs):
        twins = [_flat(other) for other in specs if other.algorithm() == spec.algorithm()]
        own = _flat(spec)
        differing = [name for name in own if any(twin.get(name) != own[name] for twin in twins)]
        detail = ", ".join(f"{name} {own[name]}" for name in differing)
        name = f"{spec.info.label} ({detail})" if detail else spec.info.label
        same = sum(known == name or known.startswith(f"{name} #") for known in found)
        found[f"{name} #{same + 1}" if same else name] = spec
    return list(found.items())


def _flat(spec: Recommender) -> dict[str, str]:
    """Everything that is set, in words a person can compare: parts as "EASE (l2 500) + iALS (...)"."""
    values = {name: value for name, value in spec.to_dict().items() if name not in {"algorithm", "parts"}}
    told = {name: str(value) for name, value in values.items()}
    if spec.parts:
        told["of"] = " + ".join(_told(part) for part in spec.parts)
    return told


def _told(spec: Recommender) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in _flat(spec).items())
    return f"{spec.info.label} ({settings})" if settings else spec.info.label


def _sit(
    line: Line, split: Split, exams: Exams, experiment: Experiment, shelf: Shelf, report: Report
) -> None:
    if line.error is not None:
        return
    try:
        spec = _tuned(line, split, exams, experiment, shelf, _part(report, 0, 2))
        line.specs.append(spec)
        wanted, rest = seeds(spec, experiment), _part(report, 1, 2) if experiment.tuning else report
        finished = [
            _finished(spec, split, exams, experiment.with_seed(seed), shelf, _part(rest, place, len(wanted)))
            for place, seed in enumerate(wanted)
        ]
        measured = [exams.test.measure(one.lists, one.scored, one.ratings, one.places) for one in finished]
        line.answers.append(Answer.of(exams.test, measured))
        line.runs.extend(finished)
    except CancelledError:
        raise
    except InputError as error:
        line.error = str(error)
    except Exception as error:  # noqa: BLE001 - one failed run never loses the finished ones; the log has it
        line.error = shelf.excuse(line.spec, error)


def seeds(spec: Recommender, experiment: Experiment) -> range:
    """The seeds that a recommender is run with: several where another seed gives another model."""
    return range(experiment.seed, experiment.seed + (experiment.seeds if spec.seeded else 1))


def _tuned(
    line: Line, split: Split, exams: Exams, experiment: Experiment, shelf: Shelf, report: Report
) -> Recommender:
    """The recommender with the settings that its budget found; yardsticks are taken as they are."""
    if experiment.tuning is None or line.spec.algorithm() in REFERENCES:
        return line.spec
    if exams.validation is None:
        raise SplitError(
            f"Nothing can be tuned: {exams.no_validation}.",
            fix="Leave tuning out, or choose a split with a validation part.",
        )
    notebook = shelf.notebook(line.spec, split)
    found = tune(line.spec, exams.validation, experiment, experiment.tuning, notebook, report)
    line.studies.append(found.trials)
    return found.spec


def _account(studies: Sequence[Sequence[Trial]], *, rises: bool) -> Tuned:
    """What the search was given and found; over several folds the means of the first and of the best."""
    trials = [one for study in studies for one in study]
    values = [[one.value for one in study if one.value is not None] for study in studies]
    firsts = [study[0].value for study in studies if study and study[0].value is not None]
    bests = [max(some) if rises else min(some) for some in values if some]
    return Tuned(
        trials=len(trials),
        pruned=sum(one.state is State.pruned for one in trials),
        failed=sum(one.state is State.failed for one in trials),
        seconds=sum(one.seconds for one in trials),
        first=float(np.mean(firsts)) if firsts and len(firsts) == len(studies) else None,
        best=float(np.mean(bests)) if bests and len(bests) == len(studies) else None,
    )


def _finished(
    spec: Recommender, split: Split, exams: Exams, question: Question, shelf: Shelf, report: Report
) -> Run:
    """The run with the question's seed, from the shelf where it lies there."""
    known = shelf.fetch(spec, split, question.seed)
    if known is not None:
        return known
    made, scorer = run(spec, exams, question, report)
    shelf.keep(spec, split, question.seed, made, scorer)
    return made


def _comparison(
    data: Dataset, folds: list[Split], exams: list[Exams], experiment: Experiment, lines: list[Line]
) -> Comparison:
    tests, cut = [both.test for both in exams], cuts_fingerprint(folds)
    rows = [_row(line, experiment, folds) for line in lines]
    answers = {line.name: line.answers for line in lines if line.error is None}
    gaps = [gap for exam in tests if (gap := oracle_gap(data.truth, exam))]
    if not gaps and data.truth is not None:
        answers[ORACLE_NAME] = [_answer(exam, Oracle(data.truth)) for exam in tests]
        scored = _scored(answers[ORACLE_NAME])
        rows.append(Row(name=ORACLE_NAME, algorithm=ORACLE, parameters={}, reference=True, scored=scored))
    measured = {
        name: {key: pooled(some, key) for key in some[0].measurements} for name, some in answers.items()
    }
    table = cells(measured, _overall(answers), experiment.seed)
    rows = [row.model_copy(update={"metrics": table.get(row.name, {})}) for row in rows]
    key, why_not = experiment.headline, obstacle(experiment, exams, folds)
    best = None if why_not else champion(rows, experiment)
    models = {name: found for name, found in measured.items() if name != ORACLE_NAME}
    found = verdicts(best, models, experiment) if best else ()
    why_not = why_not or "no recommender was scored on the validation part"
    board = _ranked(rows, key)
    counts = summary(experiment.split.kind() if experiment.split else "given", tests, folds)
    return Comparison(
        experiment=experiment.name,
        key=experiment.key(cut),
        cut=cut,
        test_part=test_part(folds),
        dataset=data.name,
        fingerprint=data.fingerprint,
        synthetic=data.synthetic,
        headline=key,
        champion=best,
        sentence=sentence(best, board, found, key, why_not),
        plain=plain(best, board, found, key, why_not),
        margin=margin_of(key),
        leaderboard=tuple(board),
        split=counts,
        verdicts=found,
        versions=versions(),
        warnings=warnings_about(counts),
        notes=notes_about(counts, gaps if data.synthetic else []) + lacking(experiment, data),
    )


def cuts_fingerprint(folds: Sequence[Split]) -> str:
    """SHA-256 of the data and all its cuts."""
    return hashlib.sha256("".join(split.fingerprint for split in folds).encode()).hexdigest()


def test_part(folds: Sequence[Split]) -> str:
    """SHA-256 of the data and the rows that judge: what is opened, however the other rows are used."""
    digest = hashlib.sha256(folds[0].data.fingerprint.encode())
    for split in folds:
        digest.update(split.test_rows.astype(np.int64).tobytes() + b"|")
    return digest.hexdigest()


def _overall(answers: Mapping[str, list[Answer]]) -> dict[str, dict[str, float | None]]:
    """The readings over all customers. The oracle has none: it would be served by popularity where it knows better."""
    return {
        name: {key: None if name == ORACLE_NAME else overall(some, key) for key in some[0].measurements}
        for name, some in answers.items()
    }


def _row(line: Line, experiment: Experiment, folds: Sequence[Split]) -> Row:
    base = Row(
        name=line.name,
        algorithm=line.spec.algorithm(),
        parameters=line.spec.to_dict(),
        reference=line.spec.algorithm() in REFERENCES,
        run_keys=tuple(
            experiment.run_key(spec, split.fingerprint, seed)
            for spec, split in zip(line.specs, folds, strict=False)
            for seed in seeds(spec, experiment)
        ),
        error=line.error,
    )
    if line.error is not None:
        return base
    choosing = line.runs[: len(line.answers[0].by_seed)] if chooses(folds) else line.runs
    known = [finished.validation for finished in choosing if finished.validation is not None]
    peaks = [finished.peak_memory_mb for finished in line.runs if finished.peak_memory_mb is not None]
    drawn = range(len(line.answers[0].by_seed))
    update = {
        "parameters": line.runs[-1].spec.to_dict(),
        "validation": float(np.mean(known)) if known else None,
        "scored": _scored(line.answers, [finished.scored for finished in line.runs[:: len(drawn)]]),
        "seconds": _per_model(line.runs, len(drawn)),
        "peak_memory_mb": max(peaks) if peaks else None,
        "tuned": _account(line.studies, rises=direction(experiment) >= 0) if experiment.tuning else None,
        "study": experiment.run_key(line.spec, folds[0].fingerprint, experiment.seed)
        if any(line.studies)
        else "",
        "by_fold": _by_fold(line.answers, experiment.headline),
        "by_seed": _by_seed(line.answers, experiment.headline) if len(drawn) > 1 else (),
    }
    return base.model_copy(update=update)


def _by_seed(answers: Sequence[Answer], key: str) -> tuple[float, ...]:
    """The metric over all folds, seed by seed; nothing for a model that has no value for it."""
    if key not in answers[0].measurements:
        return ()
    drawn = range(len(answers[0].by_seed))
    return tuple(pooled([answer.with_seed(seed) for answer in answers], key).value for seed in drawn)


def _by_fold(answers: Sequence[Answer], key: str) -> tuple[float, ...]:
    """The metric fold by fold; nothing with one fold, or for a model that has no value for it in each."""
    values = [answer.measurements[key].value for answer in answers if key in answer.measurements]
    return tuple(values) if len(values) > 1 and np.isfinite(values).all() else ()


def _answer(exam: Exam, scorer: Scorer) -> Answer:
    return Answer(exam, exam.measure(*exam.ask(scorer), places=exam.place(scorer)))


def _scored(answers: Sequence[Answer], scored: Sequence[NDArray[np.bool_]] | None = None) -> int:
    """How many distinct warm customers had an answer of the model's own, in every fold they stand in."""
    warm = [answer.exam.users[: answer.exam.n_warm] for answer in answers]
    marks = scored or [np.ones(len(users), bool) for users in warm]
    missed = np.concatenate([users[~mark] for users, mark in zip(warm, marks, strict=True)])
    return len(np.setdiff1d(np.concatenate(warm), missed))


def _ranked(rows: list[Row], key: str) -> list[Row]:
    """Best headline first (lowest first where lower is better), then rows without it, then failures."""
    sign = 1 if metric_at(key)[0].higher_is_better is False else -1

    def place(row: Row) -> tuple[bool, bool, float, str]:
        cell = row.metrics.get(key)
        value = cell.value if cell else None
        return row.error is not None, value is None, sign * (value or 0.0), row.name

    return sorted(rows, key=place)


def _per_model(runs: Sequence[Run], seeds: int) -> Seconds:
    """What one model takes, all folds together."""
    return Seconds(
        **{name: sum(getattr(one.seconds, name) for one in runs) / seeds for name in Seconds.model_fields}
    )


def _part(report: Report, place: int, count: int) -> Report:
    return lambda fraction, message: report((place + fraction) / count, message)


def _step(report: Report, name: str, done: int, steps: int) -> Report:
    def told(fraction: float, message: str) -> None:
        report((done + fraction) / steps, message if name in message else f"{name}: {message}")

    return told

"""Conduct an experiment: every recommender through the same exams, then the comparison."""

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Protocol

import numpy as np

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import CancelledError, RecoLabError
from reco_lab.core.evaluation import metric
from reco_lab.core.experiment import Experiment
from reco_lab.core.recommender import Recommender, Scorer, recommender
from reco_lab.core.splitting import Split
from reco_lab.experiments.compare import MARGIN, cells, champion, plain, sentence, verdicts
from reco_lab.experiments.diagnostics import warnings_about
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.folds import Answer, overall, pooled, summary
from reco_lab.experiments.oracle import Oracle, oracle_gap
from reco_lab.experiments.results import Comparison, Row, Seconds
from reco_lab.experiments.run import Exams, Report, Run, headline, run

REFERENCES = ("random", "most_popular")
ORACLE, ORACLE_NAME = "oracle", "Oracle"
LIBRARIES = ("reco-lab", "numpy", "scipy", "pandas", "scikit-learn", "implicit", "scikit-surprise")


class Shelf(Protocol):
    """Where finished runs are kept, so that nothing is computed twice and nothing finished is lost."""

    def fetch(self, spec: Recommender, fold: str) -> Run | None:
        """The finished run of this recommender on this fold, if there is one."""
        ...

    def keep(self, spec: Recommender, fold: str, finished: Run, scorer: Scorer) -> None:
        """Keep a finished run and its model."""
        ...

    def excuse(self, spec: Recommender, error: Exception) -> str:
        """The sentence to show for an error that is our own fault; its details go to the log."""
        ...


@dataclass
class Line:
    """A recommender on its way to the leaderboard: its answers fold by fold, or what went wrong."""

    name: str
    spec: Recommender
    answers: list[Answer] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
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


def with_references(specs: Sequence[Recommender]) -> tuple[Recommender, ...]:
    """The recommenders with random and most popular added where they are missing."""
    present = {spec.algorithm() for spec in specs}
    return (*specs, *(recommender({"algorithm": name}) for name in REFERENCES if name not in present))


def named(specs: Sequence[Recommender]) -> list[tuple[str, Recommender]]:
    """A name for each recommender: its label, and what sets it apart from others of the same algorithm."""
    kinds = [spec.algorithm() for spec in specs]
    found: list[tuple[str, Recommender]] = []
    for spec in dict.fromkeys(specs):
        twins = [other for other in specs if other.algorithm() == spec.algorithm()]
        differing = [name for name in spec.params() if len({str(twin.params()[name]) for twin in twins}) > 1]
        marks = ", ".join(f"{name} {spec.params()[name]}" for name in differing)
        parts = (
            " + ".join(part.info.label for part in spec.parts) if kinds.count(spec.algorithm()) > 1 else ""
        )
        detail = "; ".join(text for text in (marks, parts) if text)
        found.append((f"{spec.info.label} ({detail})" if detail else spec.info.label, spec))
    return found


def _sit(
    line: Line, split: Split, exams: Exams, experiment: Experiment, shelf: Shelf, report: Report
) -> None:
    if line.error is not None:
        return
    try:
        finished = shelf.fetch(line.spec, split.name)
        if finished is None:
            finished, scorer = run(line.spec, exams, experiment, report)
            shelf.keep(line.spec, split.name, finished, scorer)
        evaluation = exams.test.evaluation(finished.lists, finished.scored, finished.ratings)
        line.answers.append(Answer(exams.test, exams.test.measure(evaluation)))
        line.runs.append(finished)
    except CancelledError:
        raise
    except RecoLabError as error:
        line.error = str(error)
    except Exception as error:  # noqa: BLE001 - one failed run never loses the finished ones; the log has it
        line.error = shelf.excuse(line.spec, error)


def _comparison(
    data: Dataset, folds: list[Split], exams: list[Exams], experiment: Experiment, lines: list[Line]
) -> Comparison:
    tests = [both.test for both in exams]
    answers = {line.name: line.answers for line in lines if line.error is None}
    rows = [_row(line, experiment, data.fingerprint) for line in lines]
    gaps = [gap for exam in tests if (gap := oracle_gap(data.truth, exam))]
    if not gaps and data.truth is not None:
        oracle = Oracle(data.truth)
        answers[ORACLE_NAME] = [_answer(exam, oracle) for exam in tests]
        rows.append(
            Row(name=ORACLE_NAME, algorithm=ORACLE, parameters={}, reference=True, scored=_warm(tests))
        )
    measured = {
        name: {key: pooled(some, key) for key in some[0].measurements} for name, some in answers.items()
    }
    everyone = {
        name: {key: overall(some, key) for key in some[0].measurements} for name, some in answers.items()
    }
    table = cells(measured, everyone, np.random.default_rng(experiment.seed))
    key = headline(experiment)
    board = _ranked([row.model_copy(update={"metrics": table.get(row.name, {})}) for row in rows], key)
    best = champion(board, experiment)
    models = {name: answers for name, answers in measured.items() if name != ORACLE_NAME}
    found = verdicts(best, models, experiment, np.random.default_rng(experiment.seed)) if best else ()
    kind = experiment.split.kind() if experiment.split else "given"
    counts = summary(
        kind,
        tests,
        [len(s.train_rows) for s in folds],
        [len(s.validation_rows) for s in folds],
        sum(len(s.test_rows) for s in folds),
    )
    return Comparison(
        experiment=experiment.name,
        key=experiment.key(data.fingerprint),
        dataset=data.name,
        fingerprint=data.fingerprint,
        synthetic=data.synthetic,
        headline=key,
        champion=best,
        sentence=sentence(best, board, found, key),
        plain=plain(best, board, found, key),
        margin=MARGIN,
        leaderboard=tuple(board),
        split=counts,
        verdicts=found,
        versions={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        warnings=warnings_about(counts, exams, gaps if data.synthetic else []),
    )


def _row(line: Line, experiment: Experiment, fingerprint: str) -> Row:
    base = Row(
        name=line.name,
        algorithm=line.spec.algorithm(),
        parameters=line.spec.to_dict(),
        reference=line.spec.algorithm() in REFERENCES,
        run_key=experiment.run_key(line.spec, fingerprint),
        error=line.error,
    )
    if line.error is not None:
        return base
    known = [finished.validation for finished in line.runs if finished.validation is not None]
    peaks = [finished.peak_memory_mb for finished in line.runs if finished.peak_memory_mb is not None]
    update = {
        "parameters": line.runs[-1].spec.to_dict(),
        "validation": float(np.mean(known)) if known else None,
        "scored": int(sum(finished.scored.sum() for finished in line.runs)),
        "seconds": _total([finished.seconds for finished in line.runs]),
        "peak_memory_mb": max(peaks) if peaks else None,
        "notes": () if line.spec.info.deterministic else ("differs a little from seed to seed",),
    }
    return base.model_copy(update=update)


def _answer(exam: Exam, scorer: Scorer) -> Answer:
    lists, scored = exam.ask(scorer)
    return Answer(exam, exam.measure(exam.evaluation(lists, scored)))


def _ranked(rows: list[Row], key: str) -> list[Row]:
    """Best headline first (lowest first where lower is better), then rows without it, then failures."""
    sign = 1 if metric(key.partition("@")[0]).higher_is_better is False else -1

    def place(row: Row) -> tuple[bool, bool, float, str]:
        cell = row.metrics.get(key)
        value = cell.value if cell else None
        return row.error is not None, value is None, sign * (value or 0.0), row.name

    return sorted(rows, key=place)


def _warm(exams: list[Exam]) -> int:
    return sum(exam.n_warm for exam in exams)


def _total(parts: list[Seconds]) -> Seconds:
    return Seconds(**{name: sum(getattr(part, name) for part in parts) for name in Seconds.model_fields})


def _step(report: Report, name: str, done: int, steps: int) -> Report:
    return lambda fraction, message: report((done + fraction) / steps, f"{name}: {message}")

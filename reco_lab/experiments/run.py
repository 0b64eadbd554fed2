"""Train one recommender and put it through the exams: the only path from a specification to a score."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from reco_lab.core.errors import SplitError
from reco_lab.core.evaluation import Measurement, RatingErrors, metric_at
from reco_lab.core.experiment import Question
from reco_lab.core.interactions import Interactions
from reco_lab.core.progress import Report
from reco_lab.core.ranking import Recommendations
from reco_lab.core.ranks import Ranks
from reco_lab.core.recommender import FitContext, Recommender, Scorer
from reco_lab.core.splitting import Split
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.memory import peak_mb, reset_peak
from reco_lab.experiments.results import Seconds


@dataclass(frozen=True, eq=False)
class Run:
    """One recommender trained and scored on one split.

    `spec` is what was really fitted on everything before the test (a hybrid's carries its learnt weights).
    `lists`, `scored`, `ratings` and `places` are enough to compute every metric again.
    """

    spec: Recommender
    lists: Recommendations
    scored: NDArray[np.bool_]
    ratings: RatingErrors | None
    validation: float | None
    seconds: Seconds
    peak_memory_mb: float | None
    places: Ranks | None = None


def run(spec: Recommender, exams: "Exams", question: Question, report: Report) -> tuple[Run, Scorer]:
    """Fit on train, score on validation, fit again on train and validation, list for the test customers.

    Returns the run and the scorer that made its lists.

    Raises NeedsError where the data cannot feed it, ScoreError for scores that are not numbers.
    """
    measured = reset_peak()
    with threadpool_limits(question.threads):
        settled, validation = spec, None
        if exams.validation is not None:
            settled, validation = validate(spec, exams.validation, question, _between(report, 0.0, 0.45))
        started = perf_counter()
        scorer = fit(settled, exams.test, question, _between(report, 0.45, 0.9))
        fitted = perf_counter()
        report(0.9, "making lists")
        lists, scored = exams.test.ask(scorer)
        ratings, places = exams.test.rate(scorer), exams.test.place(scorer)
        ranked = perf_counter()
        exams.test.measure(lists, scored, ratings, places)
        seconds = Seconds(fit=fitted - started, recommend=ranked - fitted, evaluate=perf_counter() - ranked)
    report(1.0, "done")
    peak = peak_mb() if measured else None
    return Run(settled, lists, scored, ratings, validation, seconds, peak, places), scorer


@dataclass(frozen=True, eq=False)
class Exams:
    """The exams of a split: the validation exam chooses, the test exam judges.

    `validation` is None where nobody in the validation part has a history; `no_validation` says so.
    """

    validation: Exam | None
    test: Exam
    no_validation: str = ""

    @classmethod
    def of(cls, split: Split, question: Question) -> "Exams":
        """Both exams of a split; SplitError where nobody is left to score in the test."""
        test = Exam.of(split, "test", question)
        if not len(split.validation_rows):
            return cls(None, test, "the split has no validation part")
        try:
            return cls(Exam.of(split, "validation", question), test)
        except SplitError as error:
            return cls(None, test, str(error))


def validate(
    spec: Recommender, exam: Exam, question: Question, report: Report
) -> tuple[Recommender, float | None]:
    """Fit on train and score on the validation part, which alone may choose between specifications.

    Returns the specification with what it learnt there, and its headline metric; None where it has none.
    """
    settled, measured = examine(spec, exam, question, report)
    return settled, None if measured is None or not np.isfinite(measured.value) else measured.value


def examine(
    spec: Recommender, exam: Exam, question: Question, report: Report
) -> tuple[Recommender, Measurement | None]:
    """The same, with the headline metric customer by customer, in the order of `exam.counted`."""
    scorer = fit(spec, exam, question, _between(report, 0.0, 0.4), validation=exam.judged)
    learnt = scorer.learnt()
    if learnt:
        measured = _crossed(spec, exam, question, _between(report, 0.4, 1.0))
        return spec.model_copy(update=dict(learnt)), measured
    return spec, _headline(exam, scorer, question)


def _crossed(spec: Recommender, exam: Exam, question: Question, report: Report) -> Measurement | None:
    """The headline on the validation part of a recommender that learns from it.

    One half of the customers teaches, the other half is scored, and the other way round, so that nobody is
    scored by what she taught.
    """
    key = question.headline
    customers = exam.counted(key)
    halves = np.random.default_rng(question.seed).permutation(customers)
    own, base, link = np.zeros(len(customers)), np.zeros(len(customers)), None
    for number, teachers in enumerate((halves[::2], halves[1::2])):
        lesson = exam.judged.take(np.isin(exam.judged.users, teachers))
        scorer = fit(spec, exam, question, _between(report, number / 2, (number + 1) / 2), validation=lesson)
        measured = _headline(exam, scorer, question)
        if measured is None or measured.numerator is None or measured.denominator is None:
            return None
        pupils = ~np.isin(customers, teachers)
        own[pupils], base[pupils] = measured.numerator[pupils], measured.denominator[pupils]
        link = measured.link
    return Measurement.ratio(own, base, link)


def _headline(exam: Exam, scorer: Scorer, question: Question) -> Measurement | None:
    """The metric that chooses, with the whole ranking only where it is about that."""
    places = exam.place(scorer) if metric_at(question.headline)[0].needs_ranks else None
    return exam.measure(*exam.ask(scorer), exam.rate(scorer), places).get(question.headline)


def fit(
    spec: Recommender,
    exam: Exam,
    question: Question,
    report: Report,
    validation: Interactions | None = None,
) -> Scorer:
    """Train on what an exam's models may learn from; NeedsError where that cannot feed it."""
    spec.require(exam.train)
    report(0.0, f"training {spec.info.label}")
    context = FitContext(
        question.seed,
        question.threads,
        validation,
        report,
        candidates=exam.candidates,
        seen_kinds=exam.seen_kinds,
        repeats=exam.repeats,
        known=exam.known,
    )
    return spec.fit(exam.train, context)


def _between(report: Report, low: float, high: float) -> Report:
    return lambda fraction, message: report(low + (high - low) * fraction, message)

"""Learning curves: what more data would bring, and how little a model must know of a customer to serve her."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from reco_lab.core.batch import UserBatch
from reco_lab.core.evaluation import Measurement, metric_at
from reco_lab.core.experiment import Question
from reco_lab.core.interactions import Interactions
from reco_lab.core.progress import Report
from reco_lab.core.recommender import Codes, Recommender, Scorer, Scores, State
from reco_lab.experiments.compare import cells
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.run import fit

SHARES = (0.1, 0.25, 0.5, 1.0)
LENGTHS = (1, 2, 3, 5, 10, None)


class Point(BaseModel):
    """The quality of a recommender at one place of a curve; `interval` is simultaneous over the curve, where it is known.

    `at` is the share of the rows learned from, or how many entries of a history are known (None: all).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: float | None
    value: float | None
    low: float | None = None
    high: float | None = None


class Curve(BaseModel):
    """One recommender's curve of a metric (`key`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    key: str
    points: tuple[Point, ...]


class Forgetful(Scorer):
    """A model that looks at no more than the last n entries of a history; it must fold histories in."""

    def __init__(self, scorer: Scorer, n: int) -> None:
        self._scorer, self._n = scorer, n
        self.n_items, self.folds_in = scorer.n_items, scorer.folds_in

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The model's scores from the shortened histories."""
        return self._scorer.score(batch.latest(self._n), items)

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Whom the model has an answer for, knowing no more than that."""
        return self._scorer.answers(batch.latest(self._n))

    def state(self) -> State:
        """The model's own."""
        return self._scorer.state()


def by_history(name: str, scorer: Scorer, exam: Exam, key: str, seed: int) -> Curve:
    """The cold-start lab: the same customers, the model told only the last 1, 2, 3, 5, 10 and all of their entries.

    Nothing is trained again. What a customer had is left out of all lists alike, so that only what the model
    knows differs.
    """
    found: dict[float | None, Measurement | None] = {}
    for length in LENGTHS:
        asked = scorer if length is None else Forgetful(scorer, length)
        found[length] = exam.measure(*exam.ask(asked), places=exam.place(asked)).get(key)
    return _curve(name, key, found, seed)


def by_rows(name: str, spec: Recommender, exam: Exam, question: Question, report: Report) -> Curve:
    """Train on the latest 10, 25, 50 and 100 % of the rows before the test, as if recording had begun later.

    The customers asked and their histories stay the same. Rows without times are drawn at random.
    """
    found: dict[float | None, Measurement | None] = {}
    for place, share in enumerate(SHARES):
        part = replace(exam, train=exam.train.take(latest(exam.train.interactions, share, question.seed)))
        scorer = fit(spec, part, question, _between(report, place / len(SHARES), (place + 1) / len(SHARES)))
        found[share] = part.measure(*part.ask(scorer), places=part.place(scorer)).get(question.headline)
    report(1.0, "done")
    return _curve(name, question.headline, found, question.seed)


def latest(log: Interactions, share: float, seed: int) -> NDArray[np.intp]:
    """The latest rows of a log, this share of all, ascending; without times a random share."""
    count = max(1, round(share * len(log)))
    if log.times is None:
        chosen = np.random.default_rng(seed).permutation(len(log))[:count]
    else:
        chosen = np.argsort(log.times, kind="stable")[len(log) - count :]
    return np.sort(chosen)


def enough(curves: Sequence[Curve]) -> Mapping[str, float]:
    """How much better each recommender became by the second half of the rows, as a share of what it reached with one half."""
    gains = {}
    for curve in curves:
        values = {point.at: point.value for point in curve.points}
        half, whole = values.get(0.5), values.get(1.0)
        if half and whole is not None:
            gains[curve.name] = sign_of(curve.key) * (whole / half - 1)
    return gains


def sign_of(key: str) -> float:
    """1 where more of a metric is better (or nobody says), -1 where less is."""
    return -1.0 if metric_at(key)[0].higher_is_better is False else 1.0


def overlap(one: Point, other: Point) -> bool:
    """Whether the intervals of two points of a curve leave open which is the better; also where one has none."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return True
    return one.low <= other.high and other.low <= one.high


def _curve(name: str, key: str, found: Mapping[float | None, Measurement | None], seed: int) -> Curve:
    known = {str(at): {key: one} for at, one in found.items() if one is not None}
    table = cells(known, {at: {} for at in known}, seed) if known else {}
    points = []
    for at in found:
        cell = table.get(str(at), {}).get(key)
        points.append(
            Point(at=at, value=cell.value, low=cell.low, high=cell.high) if cell else Point(at=at, value=None)
        )
    return Curve(name=name, key=key, points=tuple(points))


def _between(report: Report, low: float, high: float) -> Report:
    return lambda fraction, message: report(low + (high - low) * fraction, message)

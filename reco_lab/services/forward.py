"""Champion against challenger on what came after: both as they would serve, on interactions that neither has seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NeedsError, SplitError
from reco_lab.core.evaluation import Measurement, metric_at
from reco_lab.core.experiment import MetricSpec, Question
from reco_lab.core.interactions import Kind
from reco_lab.core.progress import Report
from reco_lab.core.recommender import FitContext, Recommender
from reco_lab.core.splitting import Split
from reco_lab.experiments.compare import Difference, differences, direction
from reco_lab.experiments.exam import Exam, target_kinds
from reco_lab.serving.served import Served
from reco_lab.serving.snapshot import Ranker

NAME = "what came after"
PLAIN = MetricSpec(names=("ndcg",), k=(10,))
NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Duel:
    """How both did: the metric, their values over the same customers, challenger less champion, and from when on.

    `sign` is -1 where a lower value is better. `learnt` is how many rows the challenger's copy learnt from,
    `hits` what counted.
    """

    metric: str
    sign: int
    champion: float
    challenger: float
    difference: Difference
    customers: int
    begins: np.datetime64
    learnt: int
    hits: str


def cut(before: Dataset, after: Dataset, share: float) -> Split:
    """Cut a new version where the latest share of what is new begins, after all that the version before knew.

    SplitError where no times are known, or nothing came later.
    """
    old, log = before.interactions, after.interactions
    if log.times is None or old.times is None:
        raise SplitError(
            "The data do not say when things happened, so nothing can be judged forward in time."
        )
    last = old.times.max()
    later = log.times[log.times > last]
    if not len(later):
        raise SplitError(
            f"Nothing in the new version is later than what the champion knows ({last.astype('datetime64[s]')})."
        )
    place = min(len(later) - 1, len(later) - max(1, round(share * len(later))))
    begins: np.datetime64 = np.partition(later, place)[place]
    learnt = np.flatnonzero(log.times < begins)
    judged = np.flatnonzero(log.times >= begins)
    return Split(NAME, after, learnt, NONE, judged, as_of=begins)


def judged_by(experiment: Mapping[str, Any] | None) -> Question:
    """The question that the champion won: its metric at its length, what it learnt from and what counted as a hit.

    A metric that is no mean over customers, or has no better end, cannot tell two models apart customer by customer:
    nDCG@10 stands in for it.
    """
    names = ("seed", "threads", "learn_from", "predict", "repeats")
    known = experiment or {}
    asked = {name: known[name] for name in names if name in known}
    metrics = MetricSpec.model_validate(known.get("metrics", {}))
    question = Question(**asked, metrics=MetricSpec(names=metrics.names[:1], k=metrics.k[:1]))
    plain = metric_at(question.headline)[0]
    if direction(question) == 0 or plain.needs_ratings:
        return question.model_copy(update={"metrics": PLAIN})
    return question


def askable(split: Split, question: Question) -> Question:
    """The question where the judged part has nothing that counts as a hit: then all counts that customers did there."""
    present = {Kind(kind) for kind in np.unique(split.test.kinds)}
    if present & set(target_kinds(split.data, question)):
        return question
    learnt = set(question.kinds("learn_from")) or present
    return question.model_copy(update={"predict": tuple(sorted(kind.name for kind in present & learnt))})


def trained(
    specs: Sequence[tuple[Ranker, Recommender]], data: Dataset, seed: int, report: Report
) -> list[Ranker]:
    """The models of a chain fitted on other data; one that these data cannot feed is left out."""
    found = []
    for number, (ranker, spec) in enumerate(specs):
        report(number / len(specs), f"training {ranker.name} on what came before")
        try:
            with threadpool_limits(1):
                found.append(replace(ranker, scorer=spec.fit(data, FitContext(seed))))
        except NeedsError:
            continue
    return found


def duel(split: Split, question: Question, champion: Served, challenger: Served) -> Duel:
    """Ask both for lists for everybody who did something after the cut, and hold them against each other.

    SplitError where nobody can be scored.
    """
    try:
        exam = Exam.of(split, "test", question)
    except SplitError as error:  # how the new rows are cut is no choice of a person's here
        raise SplitError(error.what, fix="Try again when more of the customers have come back.") from error
    measured = [_measured(exam, one, question.headline) for one in (challenger, champion)]
    if any(one.numerator is None for one in measured):
        question = question.model_copy(update={"metrics": PLAIN})
        return duel(split, question, champion, challenger)
    rng = np.random.default_rng(question.seed)
    apart = differences(question.headline, measured[0], measured[1:], rng)[0]
    begins = split.as_of if split.as_of is not None else np.datetime64("NaT")
    return Duel(
        question.headline,
        direction(question),
        measured[1].value,
        measured[0].value,
        apart,
        measured[0].customers,
        begins,
        len(split.train_rows),
        ", ".join(kind.name for kind in target_kinds(split.data, question)),
    )


def _measured(exam: Exam, scorer: Served, key: str) -> Measurement:
    lists, scored = exam.ask(scorer)
    return exam.measure(lists, scored, places=exam.place(scorer))[key]

"""Champion against challenger on what came after: both as they would serve, on interactions that neither has seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from reco_lab.core.batch import UNKNOWN, UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NeedsError, SplitError
from reco_lab.core.evaluation import Measurement, metric_at
from reco_lab.core.events import Stage
from reco_lab.core.experiment import MetricSpec, Question
from reco_lab.core.recommender import Codes, FitContext, Recommender, Scorer, Scores, State
from reco_lab.core.splitting import Split
from reco_lab.experiments.compare import Difference, differences, direction
from reco_lab.experiments.exam import Exam
from reco_lab.serving.snapshot import Ranker

Report = Callable[[float, str], None]
NAME = "what came after"
PLAIN = MetricSpec(names=("ndcg",), k=(10,))
NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Duel:
    """How both did: the metric, their values over the same customers, challenger less champion, and from when on.

    `sign` is -1 where a lower value is better. `learnt` is how many rows the challenger's copy learnt from.
    """

    metric: str
    sign: int
    champion: float
    challenger: float
    difference: Difference
    customers: int
    begins: np.datetime64
    learnt: int


@dataclass(frozen=True, eq=False)
class Served(Scorer):
    """Models in the order in which they are asked: each customer is scored by the first that knows something of her.

    They may have learnt from other data: `items` and `users` say which of their codes each code of the batches is
    (UNKNOWN: none). What they have never heard of stands last. `columns` are the attributes that they know.
    """

    chain: tuple[Ranker, ...]
    n_items: int
    items: NDArray[np.int64] | None = None
    users: NDArray[np.int64] | None = None
    columns: tuple[str, ...] | None = None
    folds_in: bool = field(default=True, init=False)

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Scores over all items (or those given) by whoever answers; nothing but zeros where nobody does."""
        asked = self._translated(batch)
        whole = np.zeros((len(batch), self.n_items), np.float32)
        for ranker, rows in self._shares(asked):
            scores = ranker.scorer.score(asked.take(rows).within(ranker.scorer.n_items))
            whole[rows] = self._laid_out(scores)
        return whole if items is None else whole[:, items]

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Whom any of them has something to say to."""
        found = np.zeros(len(batch), bool)
        for _, rows in self._shares(self._translated(batch)):
            found[rows] = True
        return found

    def state(self) -> State:
        """Nothing of its own: its models are kept one by one."""
        return State({})

    @cached_property
    def _known(self) -> NDArray[np.bool_]:
        return np.ones(self.n_items, bool) if self.items is None else self.items >= 0

    def _laid_out(self, scores: Scores) -> Scores:
        if self.items is None:
            return scores
        laid = np.repeat(scores.min(axis=1, keepdims=True) - 1, self.n_items, axis=1)
        laid[:, self._known] = scores[:, self.items[self._known]]
        return laid

    def _translated(self, batch: UserBatch) -> UserBatch:
        if self.items is None or self.users is None:
            return batch
        beyond = int(self.items.max(initial=0)) + 1
        items, known = self.items[batch.items], batch.codes >= 0
        codes = np.where(known, self.users[np.where(known, batch.codes, 0)], UNKNOWN)
        told = batch.attributes
        if told is not None:
            told = None if self.columns is None else told.reindex(columns=list(self.columns))
        within = replace(
            batch,
            codes=codes.astype(np.int32),
            items=np.where(items < 0, beyond, items).astype(np.int32),
            attributes=told,
        )
        return within.within(beyond)

    def _shares(self, batch: UserBatch) -> list[tuple[Ranker, NDArray[np.intp]]]:
        """Which rows of the batch each of the chain answers."""
        left, shares = np.arange(len(batch)), []
        for ranker in self.chain:
            if not len(left):
                break
            mine = _answered(ranker, batch.take(left))
            if mine.any():
                shares.append((ranker, left[mine]))
            left = left[~mine]
        return shares


def _answered(ranker: Ranker, batch: UserBatch) -> NDArray[np.bool_]:
    """Whom a ranker answers, as it does when it serves (see `Ranker.answers`)."""
    heard = batch.within(ranker.scorer.n_items)
    shown = heard if ranker.wants_attributes else replace(heard, attributes=None)
    told = (shown.codes >= 0) | (shown.attributes is not None)
    if ranker.stage is Stage.model:
        knows = (heard.lengths > 0) | (told & ranker.wants_attributes)
    else:
        knows = told | (ranker.stage is Stage.popular)
    answers: NDArray[np.bool_] = knows & ranker.scorer.answers(shown)
    return answers


def as_served(chain: Sequence[Ranker], learnt: Dataset, data: Dataset) -> Served:
    """Models that learnt from one version, asked about another."""
    if learnt.fingerprint == data.fingerprint:
        return Served(tuple(chain), data.interactions.n_items)
    own, asked = learnt.interactions, data.interactions
    columns = None if learnt.customers is None else tuple(map(str, learnt.customers.columns))
    return Served(
        tuple(chain),
        asked.n_items,
        own.item_ids.get_indexer(asked.item_ids).astype(np.int64),
        own.user_ids.get_indexer(asked.user_ids).astype(np.int64),
        columns,
    )


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
    exam = Exam.of(split, "test", question)
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
    )


def _measured(exam: Exam, scorer: Scorer, key: str) -> Measurement:
    lists, scored = exam.ask(scorer)
    return exam.measure(lists, scored, places=exam.place(scorer))[key]

"""What every recommender of an experiment is asked, so that all are asked the same."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import SplitError
from reco_lab.core.evaluation import Evaluation, Measurement, RatingErrors, metric, metric_at, metric_key
from reco_lab.core.experiment import MetricSpec, Question
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.ranking import NO_ITEM, Candidates, Recommendations, recommend
from reco_lab.core.ranks import Ranks, ranks
from reco_lab.core.recommender import FitContext, Scorer, recommender
from reco_lab.core.splitting import Split
from reco_lab.core.words import count

Part = Literal["validation", "test"]
FALLBACK = "most_popular"


@dataclass(frozen=True, eq=False)
class Exam:
    """One part of a split as questions: these customers, with these histories, wanted these items.

    `train` is what a model may learn from. `users` are the codes of all customers with at least one test
    item, warm ones (with a history) first; `relevant` holds their test items in the same order. `asked` are
    all test rows of the kinds to predict, `judged` those of them that count. `known` is where the customers'
    histories come from: what `train` holds, and in some splits rows of customers whom no model learned from.
    Where a split asks everyone, customers without a history stand among the warm ones.
    """

    train: Dataset
    known: Interactions
    users: NDArray[np.int64]
    n_warm: int
    relevant: sparse.csr_matrix
    candidates: Candidates
    seen_kinds: tuple[Kind, ...]
    repeats: bool
    metrics: MetricSpec
    asked: Interactions
    judged: Interactions
    rated: Interactions
    repeats_removed: int
    as_of: np.datetime64 | None
    asks_everyone: bool = False
    threads: int = 1

    @classmethod
    def of(cls, split: Split, part: Part, question: Question) -> "Exam":
        """Pose the questions of one part of a split.

        Test rows that repeat a pair from before the cut are left out (unless repeats count), and so are
        those of items that nobody knew at the cut: no list could hold them. Both are counted. Raises
        SplitError where nobody is left to score.
        """
        before, known, rows, as_of, own_candidates = _part(split, part)
        wanted = target_kinds(split.data, question)
        learnt = question.kinds("learn_from")
        train = replace(before, interactions=before.interactions.of_kinds(learnt))
        histories = train.interactions if known is before.interactions else known.of_kinds(learnt)
        repeats = question.repeats or split.repeats
        candidates = own_candidates or Candidates(items=known_items(before, as_of))
        asked = rows.of_kinds(wanted)
        fresh = asked if repeats else asked.take(~among(asked, known.of_kinds(wanted).pairs))
        judged = fresh.take(allowed(fresh, candidates))
        users, n_warm = _warm_first(judged, _askable(histories, split))
        if not n_warm:
            raise SplitError(
                f"Nobody can be scored: of {count(len(np.unique(asked.users)), 'customer')} in the {part} part none has "
                "both a history before it and an item to find.",
                fix="Use a larger training share or a split within each customer.",
            )
        return cls(
            train=train,
            known=histories,
            users=users,
            n_warm=n_warm,
            relevant=sparse.csr_matrix(judged.matrix[users]),
            candidates=candidates,
            seen_kinds=wanted if set(np.unique(train.interactions.kinds)) - set(wanted) else (),
            repeats=repeats,
            metrics=question.metrics,
            asked=asked,
            judged=judged,
            rated=rows.ratings.take(_askable(histories, split)[rows.ratings.users]),
            repeats_removed=len(asked) - len(fresh),
            as_of=as_of,
            asks_everyone=split.asks_everyone,
            threads=question.threads,
        )

    def sampled(self, share: float, seed: int) -> "Exam":
        """The exam of a random share of the customers: only they teach, only they are asked."""
        log = self.train.interactions
        chosen = np.random.default_rng(seed).random(log.n_users) < share
        mine = chosen[self.users]
        return replace(
            self,
            train=self.train.take(np.flatnonzero(chosen[log.users])),
            known=self.known.take(chosen[self.known.users]),
            users=self.users[mine],
            n_warm=int(mine[: self.n_warm].sum()),
            relevant=sparse.csr_matrix(self.relevant[mine]),
            asked=self.asked.take(chosen[self.asked.users]),
            judged=self.judged.take(chosen[self.judged.users]),
            rated=self.rated.take(chosen[self.rated.users]),
        )

    @cached_property
    def warm(self) -> UserBatch:
        """The warm customers with their histories."""
        return self.batch(self.users[: self.n_warm])

    @cached_property
    def cold(self) -> UserBatch:
        """The customers without a history, whom every model serves by the same fallback."""
        return self.batch(self.users[self.n_warm :])

    @cached_property
    def raters(self) -> NDArray[np.int64]:
        """The codes of the warm customers with test ratings: whom rating errors are counted over."""
        return np.unique(self.rated.users).astype(np.int64)

    @cached_property
    def warm_rows(self) -> NDArray[np.bool_]:
        """Which of the asked rows belong to customers who are asked."""
        return self.asks_everyone | _has_history(self.known)[self.asked.users]

    @property
    def days(self) -> int | None:
        """How many days the test covers; None where it has no beginning of its own."""
        times = self.asked.times
        if self.as_of is None or times is None or not len(times):
            return None
        return max(1, int(np.ceil((times.max() - self.as_of) / np.timedelta64(1, "D"))))

    @property
    def n_candidates(self) -> int:
        """How many items could be recommended to anybody at all."""
        if self.candidates.pairs is not None:
            return len(np.unique(self.candidates.pairs.indices))
        mask = self.candidates.items
        return self.train.interactions.n_items if mask is None else int(mask.sum())

    def ask(self, scorer: Scorer, length: int | None = None) -> tuple[Recommendations, NDArray[np.bool_]]:
        """The lists for the warm customers, and whom the model had an answer of its own for.

        They are as long as the metrics need, or of this length. A warm customer whom the model has nothing to
        say to gets an empty list, which scores 0.
        """
        lists = self.lists(scorer, self.warm, length)
        answered = scorer.answers(self.warm)
        lists.items[~answered] = NO_ITEM
        lists.scores[~answered] = -np.inf
        return lists, answered

    def rate(self, scorer: Scorer) -> RatingErrors | None:
        """Predicted against given test ratings, by rows of `raters`, for models that predict ratings."""
        if not len(self.rated):
            return None
        owners = np.searchsorted(self.raters, self.rated.users)
        predicted = scorer.predict(self.batch(self.raters), owners, self.rated.items)
        return None if predicted is None else RatingErrors(owners, predicted, self.rated.values)

    def place(self, scorer: Scorer) -> Ranks | None:
        """Where the test items of the warm customers stand in the whole ranking; None where no metric asks."""
        if not any(metric(name).needs_ranks for name in self.metrics.names):
            return None
        return ranks(
            scorer,
            self.warm,
            self.relevant[: self.n_warm],
            exclude_seen=not self.repeats,
            seen_kinds=self.seen_kinds,
            candidates=self.candidates_of(self.warm),
            threads=self.threads,
        )

    def measure(
        self,
        lists: Recommendations,
        scored: NDArray[np.bool_],
        ratings: RatingErrors | None = None,
        places: Ranks | None = None,
    ) -> dict[str, Measurement]:
        """Every metric of the experiment at every cut-off, by key ("ndcg@10"), over the warm customers."""
        found = self._measured(self.evaluation(lists, scored, places))
        if ratings is None:
            return found
        empty = np.full((len(self.raters), 1), NO_ITEM, np.int32)
        rated = Evaluation(
            Recommendations(empty, np.full(empty.shape, -np.inf, np.float32)),
            _nothing(len(self.raters), self.train.interactions.n_items),
            self.train,
            self.n_candidates,
            np.ones(len(self.raters), bool),
            ratings,
        )
        return found | self._measured(rated)

    def evaluation(
        self, lists: Recommendations, scored: NDArray[np.bool_], places: Ranks | None = None
    ) -> Evaluation:
        """The lists of the warm customers beside what they wanted: what a metric looks at."""
        relevant = self.relevant[: self.n_warm]
        return Evaluation(
            lists,
            relevant,
            self.train,
            self.n_candidates,
            scored,
            ranks=places,
            histories=self._histories,
        )

    def counted(self, key: str) -> NDArray[np.int64]:
        """The codes of the customers behind a metric, in the order of its numbers."""
        return self.raters if metric_at(key)[0].needs_ratings else self.users[: self.n_warm]

    @cached_property
    def fallback(self) -> Scorer:
        """What serves customers whom a model has nothing to say to: one for all models."""
        return recommender({"algorithm": FALLBACK}).fit(self.train, FitContext())

    @cached_property
    def of_cold(self) -> Mapping[str, Measurement]:
        """The metrics of the fallback over the cold customers."""
        if not len(self.cold):
            return {}
        lists = self.lists(self.fallback, self.cold)
        served = np.ones(len(self.cold), bool)
        relevant = self.relevant[self.n_warm :]
        return self._measured(Evaluation(lists, relevant, self.train, self.n_candidates, served))

    def _measured(self, evaluation: Evaluation) -> dict[str, Measurement]:
        answers = {}
        for name in self.metrics.names:
            one = metric(name)
            if one.needs_ratings == (evaluation.ratings is not None) and not (
                one.lacks(self.train) or (one.needs_ranks and evaluation.ranks is None)
            ):
                for k in self.metrics.k if one.at_k else self.metrics.k[:1]:
                    answers[metric_key(name, k)] = one.measure(evaluation, k)
        return answers

    @cached_property
    def _histories(self) -> sparse.csr_matrix | None:
        """What the warm customers were known to have touched, where a metric asks."""
        if not any(metric(name).needs_histories for name in self.metrics.names):
            return None
        return self.known.matrix[self.users[: self.n_warm]]

    def lists(self, scorer: Scorer, batch: UserBatch, length: int | None = None) -> Recommendations:
        """The lists of these customers, as long as the metrics need or of this length."""
        return recommend(
            scorer,
            batch,
            length or max(self.metrics.k),
            exclude_seen=not self.repeats,
            seen_kinds=self.seen_kinds,
            candidates=self.candidates_of(batch),
            threads=self.threads,
        )

    def candidates_of(self, batch: UserBatch) -> Candidates:
        """What may be recommended to these customers, in their order."""
        pairs = self.candidates.pairs
        return self.candidates if pairs is None else Candidates(pairs=pairs[batch.codes])

    def batch(self, users: NDArray[np.int64]) -> UserBatch:
        """Customers by code, with what is known of them at the cut."""
        return UserBatch.of(self.known, users, attributes=self.train.customers, as_of=self.as_of)


def target_kinds(data: Dataset, question: Question) -> tuple[Kind, ...]:
    """The kinds that count as a hit: those asked for, else purchases where there are any, else all."""
    present = tuple(Kind(kind) for kind in np.unique(data.interactions.kinds))
    wanted = question.kinds("predict") or ((Kind.purchase,) if Kind.purchase in present else present)
    learnt = question.kinds("learn_from")
    if learnt and not set(wanted) <= set(learnt):
        kinds = ", ".join(kind.name for kind in wanted if kind not in learnt)
        raise SplitError(
            f"The models would have to predict {kinds}, which they do not learn from.",
            fix="Add it to `learn_from`, or say in `predict` what counts as a hit.",
        )
    return wanted


def known_items(before: Dataset, as_of: np.datetime64 | None) -> NDArray[np.bool_]:
    """Which items were known at the cut: touched before it, or listed in the catalogue (`added`) by then."""
    known = before.interactions.item_counts > 0
    added = None if before.items is None else before.items.get("added")
    if as_of is not None and added is not None and pd.api.types.is_datetime64_any_dtype(added):
        known |= added.to_numpy("datetime64[us]") < as_of
    return np.asarray(known, bool)


def among(rows: Interactions, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows are of one of these (user, item) pairs."""
    return np.isin(rows.users.astype(np.int64) * rows.n_items + rows.items, pairs)


def allowed(rows: Interactions, candidates: Candidates) -> NDArray[np.bool_]:
    """Which rows are of items that may be recommended to that customer."""
    if candidates.pairs is not None:
        pairs = candidates.pairs.tocoo()
        return among(rows, pairs.row.astype(np.int64) * rows.n_items + pairs.col)
    return np.ones(len(rows), bool) if candidates.items is None else candidates.items[rows.items]


def _part(
    split: Split, part: Part
) -> tuple[Dataset, Interactions, Interactions, np.datetime64 | None, Candidates | None]:
    """What may be learned before a part, what is known then, the part's rows, when it begins, its candidates."""
    if part == "test":
        return split.before_test, split.known_before_test, split.test, split.as_of, split.candidates
    own = split.validation_candidates or split.candidates
    return split.train, split.known_before_validation, split.validation, split.validation_as_of, own


def _nothing(rows: int, columns: int) -> sparse.csr_matrix:
    empty = (np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(rows + 1, np.int32))
    return sparse.csr_matrix(empty, shape=(rows, columns))


def _has_history(log: Interactions) -> NDArray[np.bool_]:
    return np.diff(log.user_starts) > 0


def _askable(histories: Interactions, split: Split) -> NDArray[np.bool_]:
    """Which customers are asked and scored: those with a history, or everyone."""
    return np.ones(histories.n_users, np.bool_) if split.asks_everyone else _has_history(histories)


def _warm_first(judged: Interactions, askable: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """The customers with test rows, those who are asked first; by code within each."""
    users = np.unique(judged.users).astype(np.int64)
    warm = askable[users]
    return np.concatenate((users[warm], users[~warm])), int(warm.sum())

"""What a metric sees and what it answers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.dataset import Dataset
from reco_lab.core.discovery import discover, lookup
from reco_lab.core.ranking import Recommendations
from reco_lab.core.ranks import Ranks

METRICS = "reco_lab.metrics"
BITMAP_CELLS = 1 << 20
FEWEST_ROWS = 32

Weights = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class RatingErrors:
    """Predicted against given ratings of the test rows: `owners` are rows of the evaluation."""

    owners: NDArray[np.int64]
    predicted: NDArray[np.float32]
    given: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Lists and the truth they are held against; customers in rows, all of them with at least one test item.

    `relevant` is CSR float32 customers x items, 1 for a test item. `train` is what the models learned from.
    `n_candidates` says how many items could be recommended at all. `scored` marks the customers the model
    had an answer of its own for; the lists of the others are empty unless a fallback filled them. `ratings`
    is there for models that predict ratings, `ranks` where a metric asked for them (`needs_ranks`), and so is
    `histories` (`needs_histories`): CSR customers x items, what each customer was known to have touched.
    """

    recommendations: Recommendations
    relevant: sparse.csr_matrix
    train: Dataset
    n_candidates: int
    scored: NDArray[np.bool_]
    ratings: RatingErrors | None = None
    ranks: Ranks | None = None
    histories: sparse.csr_matrix | None = None
    _made: dict[Callable[["Evaluation"], Any], Any] = field(default_factory=dict, init=False, repr=False)

    def once(self, work: Callable[["Evaluation"], T]) -> T:
        """What `work` makes of this evaluation, done once however many metrics and cut-offs ask for it."""
        if work not in self._made:
            self._made[work] = work(self)
        made: T = self._made[work]
        return made

    @cached_property
    def hits(self) -> NDArray[np.bool_]:
        """Whether each place of each list holds a test item: customers x length of the lists."""
        items, wanted = self.recommendations.items, self.relevant
        width = wanted.shape[1] + 1  # NO_ITEM, which is -1, falls on the last column: nobody wants it
        size = max(FEWEST_ROWS, BITMAP_CELLS // width)
        owners = np.repeat(np.arange(len(items), dtype=np.int64) % size, np.diff(wanted.indptr))
        truth = owners * width + wanted.indices
        begins = np.arange(min(size, len(items)), dtype=np.int64)[:, None] * width
        bitmap = np.zeros(max(begins.size, 1) * width, np.bool_)
        hits = np.zeros(items.shape, np.bool_)
        for start in range(0, len(items), size):
            block = items[start : start + size]
            marked = truth[wanted.indptr[start] : wanted.indptr[start + len(block)]]
            bitmap[marked] = True
            hits[start : start + size] = bitmap[begins[: len(block)] + block]
            bitmap[marked] = False
        return hits

    @cached_property
    def n_relevant(self) -> NDArray[np.int64]:
        """How many test items each customer has."""
        return np.diff(self.relevant.indptr).astype(np.int64)

    @cached_property
    def popularity(self) -> NDArray[np.float64]:
        """The share of training customers who touched each item."""
        log = self.train.interactions
        active = max(1, int((np.diff(log.user_starts) > 0).sum()))
        return log.item_counts / active


@dataclass(frozen=True, eq=False)
class Measurement:
    """A metric's answer: its value, and what is needed to say how sure it is.

    Where the value is a mean or a ratio over customers, `numerator` and `denominator` hold a number a
    customer (NaN nowhere; denominator 0 leaves a customer out) and `value = link(sum / sum)`. Where it is a
    property of all lists together (coverage, Gini), `resample` maps weights (draws x customers) to values
    and `customers` says how many there are. `parts` are the same metric of each model (seed) that this is the
    mean of; none where there is one model.
    """

    value: float
    numerator: NDArray[np.float64] | None = None
    denominator: NDArray[np.float64] | None = None
    resample: Callable[[Weights], NDArray[np.float64]] | None = field(default=None, repr=False)
    link: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = field(default=None, repr=False)
    customers: int = 0
    parts: "tuple[Measurement, ...]" = field(default=(), repr=False)

    @classmethod
    def mean(cls, per_user: NDArray[np.float64]) -> "Measurement":
        """The mean over customers."""
        return cls.ratio(per_user, np.ones(len(per_user)))

    @classmethod
    def ratio(
        cls,
        numerator: NDArray[np.float64],
        denominator: NDArray[np.float64],
        link: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None,
    ) -> "Measurement":
        """Sum over customers by sum over customers, passed through `link` (the root, for RMSE)."""
        total = denominator.sum()
        raw = np.array([numerator.sum() / total if total else np.nan])
        value = float((link(raw) if link else raw)[0])
        own, base = numerator.astype(np.float64), denominator.astype(np.float64)
        return cls(value, own, base, link=link, customers=len(own))

    @classmethod
    def averaged(cls, parts: "Sequence[Measurement]") -> "Measurement":
        """The mean of the same metric over several models of one recommender (other seeds), a customer at a time."""
        if len(parts) == 1:
            return parts[0]
        own = [one.numerator for one in parts if one.numerator is not None]
        base = [one.denominator for one in parts if one.denominator is not None]
        if len(own) == len(base) == len(parts):
            mean = cls.ratio(np.mean(own, axis=0), np.mean(base, axis=0), parts[0].link)
            return replace(mean, parts=tuple(parts))
        value = float(np.mean([one.value for one in parts]))
        again = [one.resample for one in parts if one.resample is not None]
        if len(again) < len(parts):
            return cls(value, customers=parts[0].customers)
        return cls(
            value,
            resample=lambda weights: np.mean([one(weights) for one in again], axis=0),
            customers=parts[0].customers,
            parts=tuple(parts),
        )

    def within(self, customers: NDArray[np.bool_]) -> "Measurement":
        """The metric over these customers only (a mask over all); NaN where it is neither a ratio nor resampled."""
        parts = tuple(one.within(customers) for one in self.parts)
        if self.numerator is not None and self.denominator is not None:
            inside = Measurement.ratio(self.numerator * customers, self.denominator * customers, self.link)
            return replace(inside, parts=parts)
        again, kept = self.resample, customers.astype(np.float64)
        if again is None:
            return Measurement(np.nan)
        return Measurement(
            float(again(kept[None])[0]),
            resample=lambda weights: again(weights * kept),
            customers=self.customers,
            parts=parts,
        )

    def redraw(self, weights: Weights) -> NDArray[np.float64] | None:
        """The values under these weights (draws x customers), or None where it cannot be resampled."""
        if self.resample is not None:
            return self.resample(weights)
        if self.numerator is None or self.denominator is None:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            raw = (weights @ self.numerator) / (weights @ self.denominator)
        return self.link(raw) if self.link else raw


class Metric(ABC):
    """A number that judges lists or predictions: one file each; the file's name is its public id.

    `at_k`: it looks at the first k places. `higher_is_better` gives the direction of the arrow; None means
    neither end is good by itself. `bounds` are what it can be. `definition` is the formula in words,
    `edge_cases` what happens at the edges, `plain` the sentence for a marketer. `resamples`: drawing customers
    again says how sure it is. `needs_ranks` and `needs_histories`: it looks at more than the lists.
    """

    label: ClassVar[str]
    plain: ClassVar[str]
    definition: ClassVar[str]
    edge_cases: ClassVar[str]
    family: ClassVar[str] = "accuracy"
    at_k: ClassVar[bool] = True
    higher_is_better: ClassVar[bool | None] = True
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)
    needs_ratings: ClassVar[bool] = False
    needs_ranks: ClassVar[bool] = False
    needs_histories: ClassVar[bool] = False
    resamples: ClassVar[bool] = True

    @abstractmethod
    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """The metric at cut-off k (ignored where `at_k` is False)."""

    def lacks(self, data: Dataset) -> str:  # noqa: ARG002 - those that need a column look at it
        """What is missing in the data to measure it, as a sentence; empty where nothing is."""
        return ""


def metrics() -> Mapping[str, type[Metric]]:
    """Every metric there is, by public id."""
    return discover(METRICS, Metric)  # type: ignore[type-abstract]


def metric(name: str) -> Metric:
    """The metric with this public id; NotFoundError names the nearest known one."""
    return lookup(METRICS, Metric, name)()  # type: ignore[type-abstract]


def metric_key(name: str, k: int) -> str:
    """How a metric at a cut-off is written everywhere: "ndcg@10", or "rmse" where there is no cut-off."""
    return f"{name}@{k}" if metrics()[name].at_k else name


def metric_at(key: str) -> tuple[Metric, int]:
    """What `metric_key` wrote: the metric and its cut-off, 0 where it has none."""
    name, _, k = key.partition("@")
    return metric(name), int(k or 0)

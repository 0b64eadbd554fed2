"""Re-rankers: the same model's candidates in another order, more of one aim for less of another.

Each list is built place by place: at strength s the next item is the one with the largest (1 - s) * relevance +
s * bonus, where relevance is the model's score, 0 for a customer's last candidate and 1 for the first. Sources:
J. Carbonell and J. Goldstein, The use of MMR, diversity-based reranking (SIGIR 1998); H. Steck, Calibrated
recommendations (RecSys 2018); H. Abdollahpouri et al., Managing popularity bias by personalized re-ranking
(FLAIRS 2019) for the aim of the popularity discount.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.catalogue import category_shares
from reco_lab.core.dataset import Dataset
from reco_lab.core.likeness import cosines
from reco_lab.core.ranking import NO_ITEM, Recommendations
from reco_lab.core.recommender import Scorer
from reco_lab.experiments.exam import Exam

DEPTH = 100
SMOOTHED = 0.01
MOST_ITEMS = 4096
BLOCK = 2048

Bonus = NDArray[np.float32]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Pool:
    """The candidates of a model for the warm customers of an exam, and whom it had an answer of its own for."""

    exam: Exam
    lists: Recommendations
    answered: NDArray[np.bool_]

    @classmethod
    def of(cls, exam: Exam, scorer: Scorer) -> "Pool":
        """The first DEPTH candidates of each customer, or twice as many as the longest list takes."""
        return cls(exam, *exam.ask(scorer, max(DEPTH, 2 * max(exam.metrics.k))))

    @cached_property
    def users(self) -> NDArray[np.int64]:
        """The codes of the customers."""
        return self.exam.users[: self.exam.n_warm]

    @cached_property
    def touched(self) -> sparse.csc_matrix:
        """Who touched what in training, a column an item."""
        return self.exam.train.interactions.matrix.tocsc()

    @cached_property
    def shares(self) -> sparse.csr_matrix | None:
        """The categories of each item; None where none are known."""
        return category_shares(self.exam.train)


class Reranker(ABC):
    """One aim: what is added for each candidate (customers x candidates, up to about 1), given what was taken so far.

    `aim` is the metric that it is after, `plain` says what it does. It is made anew for each set of lists.
    """

    label: ClassVar[str]
    plain: ClassVar[str]
    aim: ClassVar[str]

    @classmethod
    def lacks(cls, data: Dataset) -> str:  # noqa: ARG003 - those that need a column look at it
        """What is missing in the data, as a sentence; empty where nothing is."""
        return ""

    @abstractmethod
    def __init__(self, pool: Pool, rows: slice) -> None:
        """Begin with empty lists for these customers of the pool."""

    @abstractmethod
    def bonus(self) -> Bonus:
        """What each candidate would add now."""

    def take(self, places: Places) -> None:  # noqa: B027 - an aim that looks at items one by one remembers nothing
        """Remember which candidate each customer's list took."""


class Variety(Reranker):
    """Maximal marginal relevance: what is like something in the list already comes later.

    Alike are items that the same customers touched (the cosine of their columns in training).
    """

    label = "More variety"
    plain = "Items that are like one in the list already come later."
    aim = "diversity"

    def __init__(self, pool: Pool, rows: slice) -> None:
        items = pool.lists.items[rows]
        codes = np.unique(items)
        self._places = np.searchsorted(codes, items)
        self._alike = cosines(pool.touched, codes)
        self._closest = np.zeros(items.shape, np.float32)

    def bonus(self) -> Bonus:
        """Minus the likeness to the nearest item of the list."""
        return -self._closest

    def take(self, places: Places) -> None:
        """Look how like the candidates are to what was taken."""
        taken = np.take_along_axis(self._places, places[:, None], axis=1)
        np.maximum(self._closest, self._alike[taken, self._places], out=self._closest)


class Mix(Reranker):
    """Calibration: the list's mix of categories comes nearer to that of the customer's history.

    What is added is the fall of the Kullback-Leibler divergence of the list's mix from the history's; the list's
    is smoothed by a hundredth of the history's, as Steck does.
    """

    label = "The customer's own mix"
    plain = "The categories of the list come nearer to those of the customer's history."
    aim = "calibration"

    @classmethod
    def lacks(cls, data: Dataset) -> str:
        """A sentence where no item has a category."""
        if category_shares(data) is None:
            return "it needs categories: map a category column in the table of items"
        return ""

    def __init__(self, pool: Pool, rows: slice) -> None:
        items, shares = pool.lists.items[rows], pool.shares
        if shares is None:
            raise ValueError("no item has a category")
        usual = (pool.exam.known.matrix[pool.users[rows]] @ shares).toarray()
        self._usual = usual / np.maximum(usual.sum(axis=1, keepdims=True), 1)
        self._shown = np.zeros_like(self._usual)
        self._taken = 0
        self._categories, self._parts = _padded(shares, items)
        self._rows = np.arange(len(items))[:, None, None]

    def bonus(self) -> Bonus:
        """How much nearer the list's mix would come, in nats."""
        usual = self._usual[self._rows, self._categories]
        shown = self._shown[self._rows, self._categories]
        size = self._taken + 1
        near = _nearness(usual, (shown + self._parts) / size) - _nearness(usual, shown / size)
        nearer: Bonus = np.where(self._parts > 0, near, 0).sum(axis=2).astype(np.float32)
        return nearer

    def take(self, places: Places) -> None:
        """Count the categories of what was taken."""
        chosen = places[:, None, None]
        categories, parts = (
            np.take_along_axis(one, chosen, axis=1)[:, 0] for one in (self._categories, self._parts)
        )
        everyone = np.arange(len(places))
        for category, part in zip(categories.T, parts.T, strict=True):
            self._shown[everyone, category] += part
        self._taken += 1


class Discount(Reranker):
    """A discount on popularity: what everybody knows comes later."""

    label = "Less popular items"
    plain = "What everybody knows already comes later."
    aim = "novelty"

    def __init__(self, pool: Pool, rows: slice) -> None:
        counts = np.log1p(pool.exam.train.interactions.item_counts)
        self._popular = (counts / max(float(counts.max()), 1.0)).astype(np.float32)[pool.lists.items[rows]]

    def bonus(self) -> Bonus:
        """Minus the logarithm of how many customers touched the item, 1 for the most popular of all."""
        return -self._popular


RERANKERS: tuple[type[Reranker], ...] = (Variety, Mix, Discount)


def rerank(pool: Pool, kind: type[Reranker], strength: float, k: int) -> Recommendations:
    """Lists of length k from the pool: strength 0 keeps the model's order, 1 looks at the aim alone.

    Equal candidates keep the model's order. Customers are taken in blocks of bounded memory.
    """
    size = BLOCK if pool.exam.train.interactions.n_items <= MOST_ITEMS else max(1, MOST_ITEMS // pool.lists.k)
    length = min(k, pool.lists.k)
    items = np.concatenate(
        [np.zeros((0, length), np.int32)]
        + [
            _block(pool, slice(start, start + size), kind, np.float32(strength), length)
            for start in range(0, len(pool.lists), size)
        ]
    )
    scores = np.where(items == NO_ITEM, -np.inf, -np.arange(length, dtype=np.float32))
    return Recommendations(items, scores.astype(np.float32))


def _block(pool: Pool, rows: slice, kind: type[Reranker], strength: np.float32, k: int) -> NDArray[np.int32]:
    """Build the lists of some customers place by place, all of them at once."""
    items = pool.lists.items[rows]
    relevance, aim = relevance_of(pool.lists.scores[rows]), kind(pool, rows)
    left = items != NO_ITEM
    lists = np.full((len(items), k), NO_ITEM, np.int32)
    everyone = np.arange(len(items))
    for place in range(k):
        worth = (1 - strength) * relevance + strength * aim.bonus()
        best = np.where(left, worth, -np.inf).argmax(axis=1)
        lists[:, place] = np.where(left[everyone, best], items[everyone, best], NO_ITEM)
        left[everyone, best] = False
        aim.take(best)
    return lists


def relevance_of(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each customer's scores from 0 (the last candidate) to 1 (the first)."""
    there = np.isfinite(scores)
    top = scores.max(axis=1, keepdims=True, initial=-np.inf)
    bottom = np.where(there, scores, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    spread = np.where(np.isfinite(top) & (top > bottom), top - bottom, 1)
    scaled: NDArray[np.float32] = np.where(
        there, (np.where(there, scores, 0) - np.where(there, bottom, 0)) / spread, 0
    )
    return scaled.astype(np.float32)


def _padded(
    shares: sparse.csr_matrix, items: NDArray[np.int32]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The categories of each candidate and its part in them: customers x candidates x most categories of an item."""
    most = int(np.diff(shares.indptr).max(initial=1))
    codes = np.zeros((shares.shape[0] + 1, most), np.intp)  # the last row is that of NO_ITEM, -1
    parts = np.zeros(codes.shape)
    owners = np.repeat(np.arange(shares.shape[0]), np.diff(shares.indptr))
    order = np.arange(shares.nnz) - shares.indptr[owners]
    codes[owners, order], parts[owners, order] = shares.indices, shares.data
    return codes[items], parts[items]


def _nearness(usual: NDArray[np.float64], shown: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a category adds to the likeness of two mixes, in nats."""
    smoothed = (1 - SMOOTHED) * shown + SMOOTHED * usual
    near: NDArray[np.float64] = usual * np.log(smoothed, out=np.zeros_like(smoothed), where=smoothed > 0)
    return near

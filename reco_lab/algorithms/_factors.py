"""Models of two tables of vectors: a customer's times an item's, and how a history becomes a customer's vector."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._dice import GOLDEN, mix
from reco_lab.core.batch import UserBatch
from reco_lab.core.ranking import spread
from reco_lab.core.recommender import Codes, Contributions, Scorer, Scores, State

ROWS, ENTRIES_AT_ONCE = 128, 1 << 16

Scaling = Literal["none", "linear", "log"]
Vectors = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Weighting:
    """How much an item counts beyond the rest, by how often it occurs in a history.

    `alpha` times the occurrences (`linear`), times log(1 + occurrences / epsilon) (`log`), or alone (`none`).
    """

    alpha: float
    scaling: Scaling = "none"
    epsilon: float = 1.0

    def of(self, occurrences: NDArray[Any]) -> Matrix:
        """The weight of each entry, float64."""
        if self.scaling == "none":
            return np.full(occurrences.shape, self.alpha)
        counts = occurrences.astype(np.float64)
        return self.alpha * (np.log1p(counts / self.epsilon) if self.scaling == "log" else counts)


@dataclass(frozen=True)
class Ridge:
    """How strongly a row is held near zero: `strength`, times (its total weight / the usual one) to a power.

    The total weight is 1 for each of `reach` items and what its entries count beyond that.
    """

    strength: float
    power: float = 0.0
    reach: float = 0.0
    usual: float = 1.0

    def of(self, totals: NDArray[Any]) -> Matrix:
        """The ridge of rows whose entries count this much beyond the rest."""
        return np.asarray(self.strength * ((totals + self.reach) / self.usual) ** self.power, np.float64)


@dataclass(frozen=True, eq=False)
class HalfStep:
    """Finds the customer's vector that fits a history best while the item vectors stand still.

    With x_i the item vectors less `centre`, n the number of distinct items in the history and e_i their
    weights, it solves `(base + n * per_entry + ridge I + sum_i e_i x_i x_i') p = sum_i (lift + e_i) x_i`.
    """

    items: Vectors
    centre: Matrix
    base: Matrix
    per_entry: Matrix
    lift: float
    weighting: Weighting
    ridge: Ridge = Ridge(0.0)

    def fold(self, history: sparse.csr_matrix, threads: int = 1) -> Matrix:
        """The vectors of customers x factors for histories given as customers x items of occurrences."""
        from reco_lab.algorithms._kernels.half_step import solve

        found = np.zeros((history.shape[0], self.items.shape[1]))
        extra = self.weighting.of(history.data)
        totals = np.append(0.0, np.cumsum(extra))[history.indptr]
        starts, codes = history.indptr.astype(np.int32), history.indices.astype(np.int32)
        ridges = self.ridge.of(np.diff(totals))
        items = np.require(self.items, np.float32, ["C", "W"])
        centre, base, per_entry = (
            np.require(one, np.float64, ["C", "W"]) for one in (self.centre, self.base, self.per_entry)
        )

        def work(start: int) -> None:
            stop = min(start + ROWS, len(found))
            solve(start, stop, starts, codes, extra, ridges, items, centre, base, per_entry, self.lift, found)

        for _ in spread(work, range(0, len(found), ROWS), threads):
            pass
        return found

    def shares(self, items: Codes, occurrences: NDArray[Any]) -> Matrix:
        """What each item of one history adds to the customer's vector: items x factors; their sum is the vector."""
        x, extra = self._vectors(items), self.weighting.of(occurrences)
        system = self.base + len(items) * self.per_entry + (x * extra[:, None]).T @ x
        system += self.ridge.of(extra.sum()) * np.eye(x.shape[1])
        return np.asarray(np.linalg.solve(system, ((self.lift + extra)[:, None] * x).T).T, np.float64)

    def _vectors(self, items: Codes) -> Matrix:
        return self.items[items].astype(np.float64) - self.centre


class Factors(Scorer):
    """Scores a pair by the product of two vectors plus a bias of the item.

    `users` is float32 customers x factors, `known` marks those that were learnt from, `items` float32 items
    x factors, `biases` one number an item. With a `half_step` a history becomes a vector and outranks the
    stored one; without it only known customers have an answer of their own. `signatures` tell a history that
    a stored vector was made from, so that it need not be made again.
    """

    def __init__(
        self,
        users: Vectors,
        items: Vectors,
        biases: Vectors,
        known: NDArray[np.bool_],
        half_step: HalfStep | None = None,
        signatures: NDArray[np.uint64] | None = None,
    ) -> None:
        self.users, self.items, self.biases, self.known = users, items, biases, known
        self.half_step = half_step
        self.signatures = np.zeros(len(users), np.uint64) if signatures is None else signatures
        self.n_items, self.folds_in = len(items), half_step is not None

    @classmethod
    def stepped(
        cls,
        half_step: HalfStep,
        biases: Vectors,
        history: sparse.csr_matrix,
        threads: int,
        users: Vectors | None = None,
    ) -> "Factors":
        """The model whose stored vectors are the half-steps from the histories it was learnt from, or these."""
        if users is None:
            users = half_step.fold(history, threads).astype(np.float32)
        made_from = signed(history.indices, history.data, history.indptr)
        return cls(users, half_step.items, biases, np.diff(history.indptr) > 0, half_step, made_from)

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Customers x items: vector times vector plus the item's bias; strangers get the biases alone."""
        chosen = slice(None) if items is None else items
        scores = self.vectors(batch) @ self.items[chosen].T
        scores += self.biases[chosen]
        return np.asarray(scores, np.float32)

    def vectors(self, batch: UserBatch) -> Vectors:
        """The customers' vectors: from the history where there is one and it folds in, else by code, else zeros."""
        vectors = np.zeros((len(batch), self.items.shape[1]), np.float32)
        stored = known(batch, self.known)
        vectors[stored] = self.users[batch.codes[stored]]
        if self.half_step is not None:
            rows = np.flatnonzero((batch.lengths > 0) & ~self._unchanged(batch, stored))
            if len(rows):
                history = occurrences(batch.items, batch.indptr, self.n_items)
                vectors[rows] = self.half_step.fold(history[rows])
        return vectors

    def _unchanged(self, batch: UserBatch, stored: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whose history is the one that the vector stored under her code was made from."""
        made_from = self.signatures[np.where(stored, batch.codes, 0)]
        same: NDArray[np.bool_] = signed(batch.items, 1, batch.indptr) == made_from
        return stored & same

    def answers(self, batch: UserBatch) -> NDArray[np.bool_]:
        """Customers it learnt from, and those with a history where it folds in."""
        stored = known(batch, self.known)
        return stored | (batch.lengths > 0) if self.folds_in else stored

    def contributions(self, batch: UserBatch, items: Codes) -> Contributions | None:
        """What each history entry adds to each score, exactly; the base is the item's bias.

        An item that occurs several times in the history counts once, at its first entry.
        """
        if self.half_step is None or not len(batch.items):
            return None
        distinct, first, counts = np.unique(batch.items, return_index=True, return_counts=True)
        weights = np.zeros((len(batch.items), len(items)), np.float32)
        weights[first] = self.half_step.shares(distinct, counts) @ self.items[items].T
        return Contributions(weights, self.biases[items])

    def state(self) -> State:
        """The arrays, and the half-step where there is one."""
        arrays = {"users": self.users, "items": self.items, "biases": self.biases, "known": self.known}
        step = self.half_step
        if step is None:
            return State(arrays)
        grams = {"centre": step.centre, "base": step.base, "per_entry": step.per_entry}
        arrays |= grams | {"signatures": self.signatures}
        meta = {"lift": step.lift, "weighting": vars(step.weighting), "ridge": vars(step.ridge)}
        return State(arrays, meta)

    @classmethod
    def from_state(cls, state: State) -> "Factors":
        """The scorer that `state` describes."""
        arrays, meta = state.arrays, state.meta
        fitted = (arrays["users"], arrays["items"], arrays["biases"], arrays["known"])
        if "base" not in arrays:
            return cls(*fitted)
        grams = (arrays["centre"], arrays["base"], arrays["per_entry"])
        step = HalfStep(
            arrays["items"], *grams, meta["lift"], Weighting(**meta["weighting"]), Ridge(**meta["ridge"])
        )
        return cls(*fitted, step, arrays["signatures"])


def known(batch: UserBatch, seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which customers of the batch have a code that the fit has seen."""
    inside = (batch.codes >= 0) & (batch.codes < len(seen))
    return inside & seen[np.where(inside, batch.codes, 0)]


def products(owners: Codes, items: Codes, left: Vectors, right: Vectors) -> Vectors:
    """The product of the vectors of each pair, without gathering them."""
    from reco_lab.algorithms._kernels.sums import of_pairs

    found = np.empty(len(owners), np.float32)
    mine, its = (np.require(table, np.float32, ["C", "W"]) for table in (left, right))
    of_pairs(owners.astype(np.int32), items.astype(np.int32), mine, its, found)
    return found


def occurrences(items: NDArray[Any], indptr: NDArray[Any], n_items: int) -> sparse.csr_matrix:
    """Histories as float32 customers x items: how often each item occurs."""
    ones, shape = np.ones(len(items), np.float32), (len(indptr) - 1, n_items)
    counts = sparse.csr_matrix((ones, items, indptr), shape=shape, copy=True)
    counts.sum_duplicates()
    return counts


def signed(items: NDArray[Any], counts: NDArray[Any] | int, indptr: NDArray[Any]) -> NDArray[np.uint64]:
    """A number for each history, whatever its order; two histories share one with a chance of 2^-64.

    The sum over entries of a hash of the item.
    """
    sums, times = np.zeros(len(items) + 1, np.uint64), np.broadcast_to(counts, len(items))
    for start in range(0, len(items), ENTRIES_AT_ONCE):
        part = slice(start, start + ENTRIES_AT_ONCE)
        sums[1:][part] = mix(items[part].astype(np.uint64) * GOLDEN) * times[part].astype(np.uint64)
    np.cumsum(sums, out=sums)
    found: NDArray[np.uint64] = sums[indptr[1:]] - sums[indptr[:-1]]
    return found

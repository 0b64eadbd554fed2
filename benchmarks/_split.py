"""The cut that everybody is measured on: codes of customers and items, learnt from and held back."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Codes = NDArray[np.int32]
Pairs = tuple[Codes, Codes]

PLACES = 20
FOLDS = 5


@dataclass(frozen=True)
class Cut:
    n_users: int
    n_items: int
    train: Pairs
    test: Pairs

    @classmethod
    def drawn(cls, users: NDArray[np.int64], items: NDArray[np.int64], seed: int) -> "Cut":
        """Hold back a fifth of each customer's rows (rounded down), drawn at random."""
        user_ids, user_codes = np.unique(users, return_inverse=True)
        item_ids, item_codes = np.unique(items, return_inverse=True)
        rows = np.lexsort((item_codes, user_codes))
        u, i = user_codes[rows].astype(np.int32), item_codes[rows].astype(np.int32)
        order = np.lexsort((np.random.default_rng(seed).random(len(u)), u))
        counts = np.bincount(u)
        starts = np.cumsum(counts) - counts
        held = np.zeros(len(u), np.bool_)
        held[order] = np.arange(len(u)) - np.repeat(starts, counts) < np.repeat(counts // 5, counts)
        return cls(len(user_ids), len(item_ids), (u[~held], i[~held]), (u[held], i[held]))

    @classmethod
    def load(cls, file: Path) -> "Cut":
        with np.load(file) as saved:
            train, test = (
                (saved["train_users"], saved["train_items"]),
                (saved["test_users"], saved["test_items"]),
            )
            return cls(int(saved["shape"][0]), int(saved["shape"][1]), train, test)

    def save(self, file: Path) -> None:
        np.savez(
            file,
            shape=[self.n_users, self.n_items],
            train_users=self.train[0],
            train_items=self.train[1],
            test_users=self.test[0],
            test_items=self.test[1],
        )

    def matrix(self, pairs: Pairs) -> sparse.csr_matrix:
        """Customers x items, 1 where there is a pair."""
        ones = np.ones(len(pairs[0]), np.float32)
        return sparse.csr_matrix((ones, pairs), shape=(self.n_users, self.n_items))


@dataclass(frozen=True)
class Stars:
    """Ratings, each in one of the folds of a cross-validation."""

    users: Codes
    items: Codes
    values: NDArray[np.float32]
    folds: NDArray[np.int8]

    @classmethod
    def drawn(
        cls, users: NDArray[np.int64], items: NDArray[np.int64], values: NDArray[np.int64], seed: int
    ) -> "Stars":
        """Deal the ratings out at random, equally many to each fold."""
        codes = [np.unique(ids, return_inverse=True)[1].astype(np.int32) for ids in (users, items)]
        folds = np.random.default_rng(seed).permutation(len(values)) % FOLDS
        return cls(*codes, values.astype(np.float32), folds.astype(np.int8))

    @classmethod
    def load(cls, file: Path) -> "Stars":
        with np.load(file) as saved:
            return cls(*(saved[name] for name in ("users", "items", "values", "folds")))

    def save(self, file: Path) -> None:
        np.savez(file, **vars(self))

    def parts(self, fold: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows to learn from and those held back, in canonical order (customer, item)."""
        order = np.lexsort((self.items, self.users))
        held = self.folds[order] == fold
        return order[~held], order[held]

"""What each customer is interested in: her share of every category beside everyone's, doubted for short histories."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.analysis.tastes import tastes
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NotFoundError

ABOVE = 2.0
WEAKEST, STRONGEST = 1.0, 1000.0


@dataclass(frozen=True, eq=False)
class Interests:
    """Interest 1 is everyone's: 2 means that a category's share of her purchases is expected to be twice the usual.

    `counts` is customers x `names` (lines; parts for items of several categories), `usual` everyone's shares.
    `prior` is how many lines of everyone's taste are mixed into each history, for each category as many as the
    differences between customers say: with few lines of her own nobody is far from 1.
    """

    counts: sparse.csr_matrix
    names: NDArray[np.object_]
    usual: NDArray[np.float64]
    prior: NDArray[np.float64]

    def of(self, category: str) -> pd.Series:
        """The interest of every customer with purchases in a category; index: her code."""
        place = np.flatnonzero(self.names == category)
        if not len(place):
            raise NotFoundError(f"There is no category {category!r}.")
        lines = np.asarray(self.counts.sum(axis=1)).ravel()
        bought = lines > 0
        own = self.counts[:, place].toarray().ravel()
        prior = self.prior[place]
        found = (own / self.usual[place] + prior) / (lines + prior)
        return pd.Series(found[bought], pd.Index(np.flatnonzero(bought), name="user"), name="interest")

    def customers(self, category: str, above: float = ABOVE) -> NDArray[np.int64]:
        """The codes of the customers whose interest in a category is at least `above`, the keenest first."""
        found = self.of(category)
        kept = found[found >= above].sort_values(ascending=False, kind="stable")
        return kept.index.to_numpy(np.int64)

    def table(self, above: float = ABOVE) -> pd.DataFrame:
        """Each category with its share of all purchases, its buyers and those interested at least `above`; largest first."""
        lines = np.asarray(self.counts.sum(axis=1)).ravel()
        filled = sparse.coo_matrix(self.counts)
        prior = self.prior[filled.col]
        keen = (filled.data / self.usual[filled.col] + prior) / (lines[filled.row] + prior) >= above
        table = pd.DataFrame(
            {
                "category": self.names,
                "share": self.usual,
                "buyers": np.bincount(filled.col, minlength=len(self.names)),
                "interested": np.bincount(filled.col[keen], minlength=len(self.names)),
            }
        )
        return table.sort_values(["share", "category"], ascending=[False, True], ignore_index=True)


def interests(data: Dataset) -> Interests:
    """Count what everybody buys by category; DataError where no item has one."""
    found, rows = tastes(data)
    counts = found.per_customer(rows)
    squares = np.asarray(found.shares.power(2)[rows.items].sum(axis=0), np.float64).ravel()
    total = np.asarray(counts.sum(axis=0)).ravel()
    sold = np.flatnonzero(total > 0)
    counts, usual = sparse.csr_matrix(counts[:, sold]), total[sold] / total.sum()
    return Interests(counts, found.names[sold], usual, _prior(counts, usual, squares[sold]))


def _prior(
    counts: sparse.csr_matrix, usual: NDArray[np.float64], squares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How strongly tastes hold to the usual, by how often two lines of one customer agree on a category.

    They do with chance s^2 + (t - s^2) / (1 + strength), where s is the category's share and t how much a line
    agrees with itself (`squares`, added up over lines): the moments of a Beta distribution of tastes.
    """
    lines = np.asarray(counts.sum(axis=1)).ravel()
    pairs = float((lines * (lines - 1)).sum())
    if pairs <= 0:
        return np.full(len(usual), STRONGEST)
    agree = (np.asarray(counts.power(2).sum(axis=0)).ravel() - squares) / pairs
    extra, most = agree - usual**2, squares / lines.sum() - usual**2
    strength = np.where(extra > 0, most / np.where(extra > 0, extra, 1) - 1, STRONGEST)
    return np.asarray(np.clip(strength, WEAKEST, STRONGEST), np.float64)

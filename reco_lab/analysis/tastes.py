"""Which categories each customer buys, counted: what interests and the next category start from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.analysis.visits import purchases_of
from reco_lab.core.catalogue import category_pairs, category_shares
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import Interactions


@dataclass(frozen=True, eq=False)
class Categories:
    """`names` of the categories, sorted, and `shares`: items x categories, rows adding up to 1 where there is one."""

    names: NDArray[np.object_]
    shares: sparse.csr_matrix

    def per_customer(self, rows: Interactions) -> sparse.csr_matrix:
        """Customers x categories: how many rows fall on each; an item of several counts in parts."""
        ones = np.ones(len(rows), np.float64)
        counts = sparse.csr_matrix((ones, rows.items, rows.user_starts), shape=(rows.n_users, rows.n_items))
        return sparse.csr_matrix(counts @ self.shares)


def categories(data: Dataset) -> Categories | None:
    """The categories of the items; None where none are known."""
    pairs, shares = category_pairs(data), category_shares(data)
    if pairs is None or shares is None:
        return None
    return Categories(np.sort(pairs["category"].unique().astype(object)), sparse.csr_matrix(shares))


def tastes(data: Dataset) -> tuple[Categories, Interactions]:
    """The categories and the purchases (all rows where there are none); DataError where no item has a category."""
    found = categories(data)
    if found is None:
        raise DataError(
            "No item has a category, so nothing can be said of interests.",
            fix="Map a category column in the table of items.",
        )
    return found, purchases_of(data)[0]

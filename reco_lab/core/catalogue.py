"""What the table of items knows: the columns of categories, prices and margins, by their usual names."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.dataset import Dataset
from reco_lab.core.features import TAG_SEPARATOR

CATEGORY_NAMES = (
    "category",
    "categories",
    "genre",
    "genres",
    "department",
    "product_category",
    "commodity_desc",
)
PRICE_NAMES = ("price", "unit_price", "unitprice", "list_price", "sales_price", "preis", "prix", "precio")
MARGIN_NAMES = ("margin", "unit_margin", "profit", "gross_margin", "marge", "margen", "deckungsbeitrag")
MOST_CATEGORIES = 2000


def category_pairs(data: Dataset) -> pd.DataFrame | None:
    """Which item is in which category: `item` (code) and `category`; None where none are known.

    A cell may hold several categories with "|" between them.
    """
    name = _column(data, CATEGORY_NAMES)
    if data.items is None or name is None:
        return None
    cells = data.items[name].reset_index(drop=True).dropna().astype("str")
    words = cells.str.split(TAG_SEPARATOR).explode().str.strip().astype("str")
    pairs = pd.DataFrame({"item": words.index.to_numpy(np.int32), "category": words.to_numpy()})
    pairs = pairs[pairs["category"] != ""].drop_duplicates()
    levels = pairs["category"].nunique()
    return pairs.reset_index(drop=True) if 2 <= levels <= MOST_CATEGORIES else None


def category_shares(data: Dataset) -> sparse.csr_matrix | None:
    """Items x categories, each row adding up to 1 where the item has a category; None where no item has one."""
    pairs = category_pairs(data)
    if pairs is None:
        return None
    items, codes = pairs["item"].to_numpy(), pairs["category"].astype("category").cat.codes.to_numpy()
    parts = 1 / np.bincount(items)[items]
    return sparse.csr_matrix((parts, (items, codes)), (data.interactions.n_items, int(codes.max()) + 1))


def prices(data: Dataset) -> NDArray[np.float64] | None:
    """The price of each item by code, NaN where it is not known; None where no price is known at all."""
    return _numbers(data, PRICE_NAMES)


def margins(data: Dataset) -> NDArray[np.float64] | None:
    """What is earned with each item by code, in money, NaN where it is not known; None where it never is.

    A column in which no number is beyond -1 and 1 holds shares of the price, any other holds money.
    """
    found, price = _numbers(data, MARGIN_NAMES), prices(data)
    if found is None or np.nanmax(np.abs(found)) > 1:
        return found
    earned = np.full(len(found), np.nan) if price is None else found * price
    return None if np.isnan(earned).all() else earned


def _numbers(data: Dataset, names: Sequence[str]) -> NDArray[np.float64] | None:
    name = _column(data, names)
    if data.items is None or name is None:
        return None
    found = pd.to_numeric(data.items[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    found = np.where(np.isfinite(found), found, np.nan)
    return None if np.isnan(found).all() else found


def _column(data: Dataset, names: Sequence[str]) -> str | None:
    if data.items is None:
        return None
    known = {str(column).strip().lower().replace(" ", "_"): str(column) for column in data.items.columns}
    return next((known[name] for name in names if name in known), None)

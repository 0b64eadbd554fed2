"""How attributes become numbers: the one place where missing values and categories are encoded."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

TEXT_COLUMNS = ("title", "description", "text")
MOST_CATEGORIES = 1000
FEWEST_A_LEVEL = 2
FEWEST_NUMBERS = 10
TAG_SEPARATOR = "|"
FLAGS = (["0", "1"], ["0.0", "1.0"], ["false", "true"], ["no", "yes"], ["n", "y"])
CODE = re.compile(r"(^|[^a-zA-Z])(?i:id|code|nr|number)$|[a-z]I[dD]$|(?i:postcode|zip)$")


@dataclass(frozen=True)
class Encoding:
    """How one column was encoded: `kind` number or category, its levels or its centre and spread, how many were missing."""

    column: str
    kind: str
    levels: tuple[str, ...] = ()
    centre: float = 0.0
    spread: float = 1.0
    missing: int = 0

    @property
    def width(self) -> int:
        """How many numbers it becomes."""
        return len(self.levels) if self.kind == "category" else 1

    def apply(self, column: pd.Series) -> sparse.csr_matrix:
        """The column as float32 rows x width; a missing or new value becomes zeros."""
        if self.kind == "number":
            scaled = np.nan_to_num((_numbers(column) - self.centre) / self.spread).astype(np.float32)
            return sparse.csr_matrix(scaled[:, None])
        tags = _tags(column)
        codes = pd.Index(self.levels).get_indexer(pd.Index(tags))
        found = codes >= 0
        pairs = np.unique(tags.index.to_numpy()[found] * np.int64(self.width) + codes[found])
        ones = np.ones(len(pairs), np.float32)
        return sparse.csr_matrix((ones, np.divmod(pairs, self.width)), shape=(len(column), self.width))


@dataclass(frozen=True)
class Encoder:
    """Encodes the attribute columns of a table: numbers standardised, categories one-hot, missing as zeros."""

    encodings: tuple[Encoding, ...]

    @classmethod
    def learn(cls, table: pd.DataFrame) -> "Encoder":
        """Look at a table and decide how each column is encoded.

        A cell may hold several categories with "|" between them; of a yes/no column only the yes counts. A
        column named like a code (brand_id) is a category even where it is numeric. Left out are free text,
        times, ids (whole numbers that never repeat) and categories whose levels name fewer than two rows each
        on average, or more than a thousand: they tell nothing two items share.
        """
        usable = [name for name in table.columns if name not in TEXT_COLUMNS]
        return cls(tuple(one for name in usable if (one := _learn(str(name), table[name])) is not None))

    def apply(self, table: pd.DataFrame) -> sparse.csr_matrix:
        """The table as float32 rows x features; a column that is not there counts as missing."""
        empty = pd.Series([None] * len(table), dtype="object")
        parts = [one.apply(table.get(one.column, empty)) for one in self.encodings]
        return (
            sparse.hstack(parts, format="csr", dtype=np.float32)
            if parts
            else sparse.csr_matrix(np.zeros((len(table), 0), np.float32))
        )

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each feature: "category = shoes", "price"."""
        return tuple(
            name
            for one in self.encodings
            for name in (
                [f"{one.column} = {level}" for level in one.levels]
                if one.kind == "category"
                else [one.column]
            )
        )

    def to_dict(self) -> list[dict[str, Any]]:
        """The encoder as JSON values."""
        return [vars(one) | {"levels": list(one.levels)} for one in self.encodings]

    @classmethod
    def from_dict(cls, values: list[dict[str, Any]]) -> "Encoder":
        """The encoder that `to_dict` wrote."""
        return cls(tuple(Encoding(**(one | {"levels": tuple(one["levels"])})) for one in values))


def texts(table: pd.DataFrame) -> list[str]:
    """One text a row: the free-text columns joined, missing ones left out."""
    columns = [
        table[name].astype("object").where(table[name].notna(), "").astype("str")
        for name in TEXT_COLUMNS
        if name in table
    ]
    return [" ".join(words).strip() for words in zip(*columns, strict=True)] if columns else [""] * len(table)


def _learn(name: str, column: pd.Series) -> Encoding | None:
    if pd.api.types.is_datetime64_any_dtype(column):
        return None
    present, missing = column.dropna(), int(column.isna().sum())
    numbers = _numbers(present)
    if np.isfinite(numbers).all() and len(np.unique(numbers)) > FEWEST_NUMBERS and not CODE.search(name):
        if _counts_up(numbers):
            return None
        return Encoding(
            name, "number", centre=float(numbers.mean()), spread=float(numbers.std()), missing=missing
        )
    levels = np.sort(_tags(present).unique()).tolist()
    if [level.lower() for level in levels] in FLAGS:
        return Encoding(name, "category", tuple(levels[1:]), missing=missing)
    if not 2 <= len(levels) <= min(MOST_CATEGORIES, max(2, len(present) // FEWEST_A_LEVEL)):
        return None
    return Encoding(name, "category", tuple(levels), missing=missing)


def _tags(column: pd.Series) -> pd.Series:
    """The words of a category column, one a row, indexed by position: "drama|war" is two, a missing value none."""
    known = column.notna().to_numpy()
    words = column[known].astype("str").set_axis(np.flatnonzero(known))
    return words.str.split(TAG_SEPARATOR).explode().str.strip().astype("str")


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    """The column as numbers; what is no number, or not finite, is NaN."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _counts_up(numbers: NDArray[np.float64]) -> bool:
    """Whether these are whole numbers of which none repeats: a row number or an id, not a quantity."""
    whole = bool((numbers == np.round(numbers)).all())
    return whole and len(np.unique(numbers)) == len(numbers)

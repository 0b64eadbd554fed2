"""Customers in segments by the values of columns: what belongs together, and where a new customer belongs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import pandas as pd
from numpy.typing import NDArray

GROUPS = 5
NOWHERE = -1


@dataclass(frozen=True)
class SegmentColumn:
    """One column that tells segments apart: by its `levels`, or for a number by the `edges` between its groups."""

    name: str
    levels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    @classmethod
    def learn(cls, column: pd.Series, kind: str) -> "SegmentColumn":
        """The values there are, or the edges of five groups with as many customers each."""
        name, present = str(column.name), column.dropna()
        if kind == "category":
            return cls(name, tuple(np.sort(present.astype("str").unique()).tolist()))
        numbers = pd.to_numeric(present, errors="coerce").to_numpy(np.float64)
        inner = np.linspace(0, 1, GROUPS + 1)[1:-1]
        return cls(name, edges=tuple(np.unique(np.nanquantile(numbers, inner)).tolist()))

    @property
    def width(self) -> int:
        """How many groups there are."""
        return len(self.levels) or len(self.edges) + 1

    def apply(self, table: pd.DataFrame) -> NDArray[np.int64]:
        """The group of each row, NOWHERE where its value is missing or new."""
        if self.name not in table:
            return np.full(len(table), NOWHERE)
        column = table[self.name]
        if self.levels:
            words = column.astype("object").where(column.notna(), None).map(str, na_action="ignore")
            return np.asarray(pd.Index(self.levels).get_indexer(pd.Index(words)), np.int64)
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        groups = np.searchsorted(self.edges, numbers, side="right")
        return np.where(np.isfinite(numbers), groups, NOWHERE)


def count_of(columns: Sequence[SegmentColumn]) -> int:
    """How many segments these columns make together."""
    return prod(one.width for one in columns) if columns else 0


def segments_of(columns: Sequence[SegmentColumn], table: pd.DataFrame) -> NDArray[np.int64]:
    """The segment of each row; NOWHERE where a value is missing or new."""
    if not columns:
        return np.full(len(table), NOWHERE)
    groups = np.stack([one.apply(table) for one in columns])
    places = np.ravel_multi_index(tuple(groups.clip(0)), tuple(one.width for one in columns))
    return np.where((groups >= 0).all(axis=0), places, NOWHERE)

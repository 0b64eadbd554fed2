"""Attributes as vectors in which every column counts alike and numbers that are close are alike."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.features import Encoder, Encoding

STEPS = 8


@dataclass(frozen=True)
class Column:
    """One attribute: how it is encoded, and for a number the values (standardised) between which it is shared out."""

    encoding: Encoding
    knots: tuple[float, ...] = ()

    @classmethod
    def learn(cls, encoding: Encoding, column: pd.Series) -> "Column":
        """Place the knots of a number at eight quantiles of what is known of it."""
        if encoding.kind == "category":
            return cls(encoding)
        numbers = encoding.apply(column).toarray().ravel()[_known(column)]
        return cls(encoding, tuple(np.unique(np.quantile(numbers, np.linspace(0, 1, STEPS))).tolist()))

    def apply(self, column: pd.Series) -> sparse.csr_matrix:
        """The column as float32 rows of length 1; nothing where nothing is known.

        A number stands between two knots and is shared out between them by its distance to each.
        """
        encoded = self.encoding.apply(column)
        return unit(encoded if self.encoding.kind == "category" else self._shared_out(encoded, column))

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each number of the vector: "category = shoes", "price about 12.5"."""
        one = self.encoding
        if one.kind == "category":
            return tuple(f"{one.column} = {level}" for level in one.levels)
        return tuple(f"{one.column} about {one.centre + one.spread * knot:.4g}" for knot in self.knots)

    def _shared_out(self, encoded: Any, column: pd.Series) -> sparse.csr_matrix:
        rows = np.flatnonzero(_known(column))
        knots = np.asarray(self.knots)
        values = np.clip(encoded.toarray().ravel()[rows], knots[0], knots[-1])
        left = np.clip(np.searchsorted(knots, values, side="right") - 1, 0, max(len(knots) - 2, 0))
        right = np.minimum(left + 1, len(knots) - 1)
        share = (values - knots[left]) / np.where(right > left, knots[right] - knots[left], 1)
        weights = np.concatenate((1 - share, share)).astype(np.float32)
        places = (np.tile(rows, 2), np.concatenate((left, right)))
        shared: sparse.csr_matrix = sparse.csr_matrix((weights, places), shape=(len(column), len(knots)))
        shared.eliminate_zeros()
        return shared


@dataclass(frozen=True)
class Attributes:
    """How the attributes of a table become vectors."""

    columns: tuple[Column, ...]

    @classmethod
    def learn(cls, table: pd.DataFrame) -> "Attributes":
        """Look at a table; which columns tell something, and how, is the encoder's decision."""
        found = Encoder.learn(table).encodings
        return cls(tuple(Column.learn(one, table[one.column]) for one in found))

    def apply(self, table: pd.DataFrame | None, count: int) -> sparse.csr_matrix:
        """The table (None: nothing is known of these rows) as float32 rows x features, each known column of length 1."""
        empty = pd.Series([None] * count, dtype="object")
        parts = [
            one.apply(empty if table is None else table.get(one.encoding.column, empty))
            for one in self.columns
        ]
        if not parts:
            return sparse.csr_matrix(np.zeros((count, 0), np.float32))
        return sparse.csr_matrix(sparse.hstack(parts, format="csr"), dtype=np.float32)

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each feature."""
        return tuple(name for one in self.columns for name in one.names)

    def to_dict(self) -> list[dict[str, Any]]:
        """These columns as JSON values."""
        encoded = Encoder(tuple(one.encoding for one in self.columns)).to_dict()
        return [
            {"encoding": one, "knots": list(two.knots)}
            for one, two in zip(encoded, self.columns, strict=True)
        ]

    @classmethod
    def from_dict(cls, values: list[dict[str, Any]]) -> "Attributes":
        """What `to_dict` wrote."""
        encodings = Encoder.from_dict([one["encoding"] for one in values]).encodings
        knots = (tuple(one["knots"]) for one in values)
        return cls(tuple(Column(*pair) for pair in zip(encodings, knots, strict=True)))


def unit(matrix: Any) -> sparse.csr_matrix:
    """The rows scaled to length 1, float32; rows of zeros stay."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scaled = sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ matrix
    return sparse.csr_matrix(scaled, dtype=np.float32)


def _known(column: pd.Series) -> NDArray[np.bool_]:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    finite: NDArray[np.bool_] = np.isfinite(numbers)
    return finite

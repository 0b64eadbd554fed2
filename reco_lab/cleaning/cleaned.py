"""What cleaning a column gives back: its values with their type, and an account of every row it changed or refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cleaned:
    """A column with its type; where a mask of `refused` is true, the value means nothing.

    `refused` maps a reason to a mask over the rows, `mended` what was put right to the number of rows, and
    `note` says in words how the column was understood.
    """

    values: pd.Series
    refused: Mapping[str, Mask] = field(default_factory=dict)
    mended: Mapping[str, int] = field(default_factory=dict)
    note: str = ""


def distinct(column: pd.Series) -> tuple[NDArray[np.intp], pd.Series]:
    """Codes of the rows (-1 where missing) and the distinct texts: work is done once for each of these."""
    codes, texts = pd.factorize(column.astype("str"))
    return codes, pd.Series(texts, dtype="str")


def spread(codes: NDArray[np.intp], flags: pd.Series | NDArray[Any]) -> Mask:
    """A flag of distinct texts as a flag of rows; rows without a text are not flagged."""
    every = np.append(np.asarray(flags, bool), False)
    return every[codes]


def count(codes: NDArray[np.intp], flags: pd.Series | NDArray[Any]) -> int:
    """How many rows have a flagged text."""
    return int(spread(codes, flags).sum())


def first_line(column: pd.Series, flagged: Mask) -> tuple[int, str]:
    """The line and the text of the first flagged row."""
    row = int(flagged.argmax())
    return int(column.index[row]), str(column.iloc[row])


Cleaner = Callable[[pd.Series], Cleaned]

"""A column too long to hold as text: numbers, or codes of the distinct texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows from `start` on: whole numbers whose digits are the text, or codes into `texts`, -1 where there is none.

    `texts` is None for numbers. Pieces of a column that share their texts hold the same object.
    """

    start: int
    values: NDArray[Any]
    texts: pd.Series | None

    @property
    def rows(self) -> slice:
        """Where its rows stand among all."""
        return slice(self.start, self.start + len(self.values))

    def as_text(self, values: pd.Series) -> pd.Series:
        """Some of its values as texts, missing where there is none."""
        if self.texts is None:
            return values.astype("str")
        return pd.Series(self.texts.array.take(values.to_numpy(), allow_fill=True), values.index, dtype="str")


class CodedFile(Protocol):
    """A file that was read as codes, and can be read again to show some of its rows."""

    @property
    def rows(self) -> int:
        """How many rows were read."""
        ...

    def pieces(self, column: str) -> list[Piece]:
        """A column, as pieces in the order of the file, none without rows."""
        ...

    def frames(self, rows: NDArray[np.intp], folder: Path) -> Iterator[pd.DataFrame]:
        """These rows (ascending) with all columns as text and their lines as index, some at a time."""
        ...

    def rest(self) -> None:
        """Let go of the memory that looking at the numbers took."""
        ...

"""A column too long to hold as text: numbers, or codes of the distinct texts."""

from dataclasses import dataclass
from typing import Any

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

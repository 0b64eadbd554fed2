"""What most steps do: flag rows and leave them out."""

from abc import abstractmethod
from collections.abc import Iterable
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.step import Mended, Step, StepContext
from reco_lab.core.words import count

SHOWN = 5

Mask = NDArray[np.bool_]


class LeavesOut(Step):
    """A step that leaves rows out and changes none."""

    @property
    def row_by_row(self) -> bool:
        """Whether it judges a row by what was read of that row alone: then it also mends what comes block by block."""
        return False

    @abstractmethod
    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:
        """Which rows it leaves out."""

    def apply(self, frame: pd.DataFrame, ctx: StepContext) -> Mended:
        """Part the rows in two."""
        flagged = self.flagged(frame, ctx)
        if not flagged.any():
            return Mended(frame, frame.iloc[:0])
        return Mended(frame[~flagged], frame[flagged])


def counted(mask: Mask) -> str:
    """How many rows and their share, in words: "3 rows (1.2%)"."""
    number, share = int(mask.sum()), float(mask.mean()) if len(mask) else 0.0
    shown = f"{share:.1%}" if share >= 0.001 else "under 0.1%"
    return f"{count(number, 'row')} ({shown})"


def shown(values: Iterable[object]) -> str:
    """The first few values, quoted."""
    texts = [repr(str(one)) for one in islice(values, SHOWN + 1)]
    return ", ".join(texts[:SHOWN]) + (" and more" if len(texts) > SHOWN else "")


def flag(column: pd.Series) -> Mask:
    """A column of truth values as a mask; missing is false."""
    return column.fillna(value=False).to_numpy(bool)

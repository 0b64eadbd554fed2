"""Times before 1990 or in the future."""

from collections.abc import Iterator
from typing import ClassVar

import pandas as pd

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted
from reco_lab.cleaning.times import outside_range
from reco_lab.core.step import StepContext, Suggestion, require_column
from reco_lab.core.words import agree


class ImpossibleTimes(LeavesOut):
    """Leave out rows before 1990 or more than a day in the future."""

    label: ClassVar[str] = "Impossible dates"
    summary: ClassVar[str] = "Leave out rows before 1990 or more than a day in the future."

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return "has a time before 1990 or in the future"

    @property
    def row_by_row(self) -> bool:
        """Each row speaks for itself."""
        return True

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """Never on by itself: such a time may as well mean that the column was misread."""
        if "time" not in frame:
            return
        flagged = cls().flagged(frame, ctx)
        if flagged.any():
            times = frame["time"][flagged]
            yield Suggestion(
                cls(),
                f"{counted(flagged)} {agree(flagged.sum(), 'lies', 'lie')} before 1990 or in the future (from {times.min()} to {times.max()}). "
                "Nothing is loaded until you leave them out or choose another column for the time.",
                "stop",
            )

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:
        """Rows outside."""
        return outside_range(require_column(frame, "time", self).to_numpy("datetime64[us]"), ctx.now)

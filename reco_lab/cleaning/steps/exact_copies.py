"""Rows that say the same in every column as a row before them."""

from collections.abc import Iterator
from typing import ClassVar

import pandas as pd

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted
from reco_lab.core.step import StepContext, Suggestion
from reco_lab.core.words import agree


class ExactCopies(LeavesOut):
    """Keep the first of rows that are equal in every column of the file."""

    label: ClassVar[str] = "Duplicates"
    summary: ClassVar[str] = "Keep the first of rows that are equal in every column."

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return "is a copy of an earlier row"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """On where rows have a time: without one, equal rows may be purchases that were made twice."""
        flagged = cls().flagged(frame, ctx)
        if not flagged.any():
            return
        timed = "time" in frame
        doubt = "" if timed else " Without a time they may as well be things that happened twice."
        yield Suggestion(
            cls(),
            f"{counted(flagged)} {agree(flagged.sum(), 'says', 'say')} the same as an earlier row in every column.{doubt}",
            "doubt",
            timed,
        )

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:  # noqa: ARG002 - the contract of steps
        """All but the first of equal rows."""
        hashes = pd.util.hash_pandas_object(frame, index=False)
        suspects = hashes.duplicated(keep=False).to_numpy(bool)
        flagged = suspects.copy()
        flagged[suspects] = frame[suspects].duplicated().to_numpy(bool)
        return flagged

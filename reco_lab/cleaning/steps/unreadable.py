"""Rows whose value, time or kind could not be read."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import pandas as pd

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted, flag
from reco_lab.core.parameters import tunable
from reco_lab.core.step import StepContext, Suggestion, require_column
from reco_lab.core.words import agree

_WORDS = {
    "value": "a value that is a finite number (empty, NaN, infinite and words are not)",
    "time": "a time that can be read",
    "kind": "a kind that counts",
}


class Unreadable(LeavesOut):
    """Leave out rows whose value, time or kind cannot be read."""

    label: ClassVar[str] = "Unreadable cells"
    summary: ClassVar[str] = "Leave out rows whose value, time or kind is empty or cannot be read."
    role: Literal["value", "time", "kind"] = tunable("value", help="Which column must be readable.")

    @property
    def title(self) -> str:
        """A heading for the report."""
        return f"No usable {self.role}"

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return f"has no usable {self.role}"

    @property
    def row_by_row(self) -> bool:
        """Each row speaks for itself."""
        return True

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """On: what cannot be read cannot be used."""
        for role, words in _WORDS.items():
            if role not in frame:
                continue
            step = cls.model_validate({"role": role})
            flagged = step.flagged(frame, ctx)
            if flagged.any():
                yield Suggestion(
                    step,
                    f"{counted(flagged)} {agree(flagged.sum(), 'does not', 'do not')} have {words}.",
                    "loss",
                    on=True,
                )

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:  # noqa: ARG002 - the contract of steps
        """Rows where it is missing."""
        return flag(require_column(frame, self.role, self).isna())

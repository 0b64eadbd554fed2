"""Rows that do not say who or what."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import pandas as pd

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted, flag
from reco_lab.core.parameters import tunable
from reco_lab.core.step import StepContext, Suggestion
from reco_lab.core.words import agree

_WORDS = {"user": "customer", "item": "item"}


class MissingIds(LeavesOut):
    """Leave out rows without a usable id."""

    label: ClassVar[str] = "Missing ids"
    summary: ClassVar[str] = "Leave out rows that do not name a customer or an item."
    role: Literal["user", "item"] = tunable("user", help="Whose id must be there.")

    @property
    def title(self) -> str:
        """A heading for the report."""
        return f"Rows without {_WORDS[self.role]}"

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return f"has no {_WORDS[self.role]} id"

    @property
    def row_by_row(self) -> bool:
        """Each row speaks for itself."""
        return True

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """On: nobody can learn from such a row."""
        for role, word in _WORDS.items():
            step = cls.model_validate({"role": role})
            flagged = step.flagged(frame, ctx)
            if flagged.any():
                yield Suggestion(
                    step, f"{counted(flagged)} {agree(flagged.sum(), 'has', 'have')} no usable {word} id: nothing can be learned from them.",
                    "loss", on=True,
                )  # fmt: skip

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:  # noqa: ARG002 - the contract of steps
        """Rows whose id is missing."""
        return flag(frame[self.role].isna())

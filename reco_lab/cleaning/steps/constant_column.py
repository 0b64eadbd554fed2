"""A column that says the same in every row."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import pandas as pd

from reco_lab.core.parameters import tunable
from reco_lab.core.step import Mended, Step, StepContext, Suggestion, require_column

FEWEST_ROWS = 10


class ConstantColumn(Step):
    """Do without a column that is the same in every row."""

    label: ClassVar[str] = "Constant columns"
    summary: ClassVar[str] = "Do without a column that says the same in every row."
    role: Literal["value", "time"] = tunable("value", help="Which column to do without.")

    @property
    def title(self) -> str:
        """A heading for the report."""
        return f"The {self.role} never changes"

    @property
    def reason(self) -> str:
        """Why a row is left out: none ever is."""
        return "is kept"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:  # noqa: ARG003 - the contract of steps
        """On for a time, which would make any split by time senseless; off for what does no harm."""
        for role in ("value", "time"):
            known = frame[role].dropna() if role in frame else pd.Series()
            if len(known) >= FEWEST_ROWS and (known == known.iloc[0]).all():
                only = known.iloc[0]
                yield Suggestion(
                    cls.model_validate({"role": role}),
                    f"Every row has the {role} {only}: it tells nothing apart.",
                    "note",
                    role == "time",
                )

    def apply(self, frame: pd.DataFrame, ctx: StepContext) -> Mended:  # noqa: ARG002 - the contract of steps
        """Take the column away."""
        require_column(frame, self.role, self)
        return Mended(frame.drop(columns=self.role), frame.iloc[:0])

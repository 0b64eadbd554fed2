"""Quantities and prices that are zero or negative."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted
from reco_lab.cleaning.values import clean_values
from reco_lab.core.errors import DataError
from reco_lab.core.parameters import tunable
from reco_lab.core.step import StepContext, Suggestion, require_column
from reco_lab.core.words import agree

MOST = 0.5
_TITLES = {
    "price": "Zero or negative prices",
    "quantity": "Returns and empty quantities",
}
_BECAUSE = {
    "price": "gifts, samples or corrections of the books, not purchases",
    "quantity": "goods sent back or corrections of the stock, not purchases",
}


class NotPositive(LeavesOut):
    """Leave out rows whose quantity or price is not above zero."""

    label: ClassVar[str] = "Zero or negative numbers"
    summary: ClassVar[str] = "Leave out rows whose quantity or price is not above zero."
    column: str = Field("value", description="The column of numbers.")
    what: Literal["price", "quantity"] = tunable("quantity", help="What the numbers are.")

    @property
    def title(self) -> str:
        """A heading for the report."""
        return _TITLES[self.what]

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return f"has a {self.what} of zero or less"

    @property
    def row_by_row(self) -> bool:
        """Each row speaks for itself, if only its value is looked at."""
        return self.column == "value"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """On, unless half of the rows are so: then it is no price and no quantity."""
        for column, meaning in ctx.meanings.items():
            if meaning not in _TITLES or column not in frame:
                continue
            step = cls.model_validate({"column": column, "what": meaning})
            try:
                flagged = step.flagged(frame, ctx)
            except DataError:
                continue
            if 0 < flagged.sum() < MOST * len(flagged):
                yield Suggestion(
                    step, f"{counted(flagged)} {agree(flagged.sum(), 'has', 'have')} a {meaning} of zero or less: {_BECAUSE[meaning]}.",
                    "doubt", on=True,
                )  # fmt: skip

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:  # noqa: ARG002 - the contract of steps
        """Rows at or below zero; what is missing is not flagged."""
        column = require_column(frame, self.column, self)
        if not pd.api.types.is_numeric_dtype(column):
            cleaned = clean_values(column)
            column = cleaned.values.mask(np.logical_or.reduce(list(cleaned.refused.values())))
        return column.to_numpy(np.float64) <= 0

"""One customer who is a large part of the log."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pandas as pd

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted, shown
from reco_lab.core.parameters import tunable
from reco_lab.core.step import StepContext, Suggestion
from reco_lab.core.words import agree

FEWEST_CUSTOMERS = 20
_WORTH_SAYING = 0.1


class DominantCustomers(LeavesOut):
    """Leave out customers who hold more than a share of all rows."""

    label: ClassVar[str] = "One customer, much of the log"
    summary: ClassVar[str] = "Leave out customers who hold more than a share of all rows."
    share: float = tunable(0.1, 0.01, 1.0, help="The share of all rows that is too much for one customer.")

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return f"is of a customer who holds more than {self.share:.0%} of all rows"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """On where it is half the log: then it is a till, a test account or "unknown"."""
        step = cls(share=_WORTH_SAYING)
        flagged = step.flagged(frame, ctx)
        names = frame["user"][flagged].unique()
        if not len(names) or frame["user"].nunique() < FEWEST_CUSTOMERS:
            return
        yield Suggestion(
            step,
            f"{agree(len(names), 'Customer', 'Customers')} {shown(names)} {agree(len(names), 'holds', 'hold')} "
            f"{counted(flagged)}: a till, a test account or everybody unknown?",
            "doubt",
            bool(flagged.mean() >= 0.5),
        )

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:  # noqa: ARG002 - the contract of steps
        """The rows of such customers."""
        codes, names = pd.factorize(frame["user"])
        known = codes >= 0
        counts = np.bincount(codes[known], minlength=len(names))
        return np.append(counts > self.share * max(int(known.sum()), 1), False)[codes]

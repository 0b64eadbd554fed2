"""Rows of customers who want nothing to do with it stay out, whichever file they come in."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pandas as pd

from reco_lab.cleaning.personal import pseudonym
from reco_lab.cleaning.steps._leaving import LeavesOut, Mask
from reco_lab.core.step import StepContext, Suggestion

REASON = "is of a customer on the suppression list"


class Objections(LeavesOut):
    """Leave out customers on the suppression list, by their ids or their pseudonyms.

    It is no part of any recipe: the list is the workspace's, and asked at every import, after all other steps.
    """

    label: ClassVar[str] = "Customers on the suppression list"
    summary: ClassVar[str] = "Leave out customers on the suppression list."
    names: frozenset[str]

    @property
    def row_by_row(self) -> bool:
        """A row says by itself whose it is."""
        return True

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return REASON

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:  # noqa: ARG003 - the contract of steps
        """Nothing: nobody is asked."""
        return iter(())

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:
        """The rows of these customers."""
        codes, ids = pd.factorize(frame["user"])
        listed = [pseudonym(ctx.key, str(one)) in self.names for one in ids]
        return np.array([*listed, False], bool)[codes]

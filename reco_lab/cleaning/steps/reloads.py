"""The same item looked at again in the same visit: a page that was loaded anew, or told of by two events."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pandas as pd

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted
from reco_lab.core.step import StepContext, Suggestion, require_column

VISIT = "session"
_LOOKING = ("view", "click", "interaction")


class Reloads(LeavesOut):
    """Leave out all but the first look at an item in a visit; what was put into a cart or bought stays."""

    label: ClassVar[str] = "Looked at twice in a visit"
    summary: ClassVar[str] = (
        "Count a look at an item once a visit: reloads and double events say nothing new."
    )

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return "repeats a look at the item in the same visit"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """Off: who comes back to an item within a visit may mean it."""
        if VISIT not in frame:
            return
        flagged = cls().flagged(frame, ctx)
        if flagged.any():
            yield Suggestion(
                cls(), f"{counted(flagged)} show an item that the same visit showed before.", severity="note"
            )

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:  # noqa: ARG002 - the contract of steps
        """The later looks, by time where it is known."""
        visits = require_column(frame, VISIT, self)
        order = (
            np.arange(len(frame))
            if "time" not in frame
            else np.argsort(frame["time"].to_numpy(), kind="stable")
        )
        kinds = frame["kind"] if "kind" in frame else pd.Series(_LOOKING[-1], frame.index)
        asked = pd.DataFrame({"user": frame["user"], "item": frame["item"], "visit": visits, "kind": kinds})
        looks = (asked["kind"].isin(_LOOKING) & asked.notna().all(axis=1)).to_numpy(bool)[order]
        again = asked.drop(columns="kind").iloc[order[looks]].duplicated().to_numpy(bool)
        flagged = np.zeros(len(frame), bool)
        flagged[order[looks]] = again
        return flagged

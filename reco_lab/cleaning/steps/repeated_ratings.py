"""Ratings of the same item by the same customer."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import pandas as pd

from reco_lab.cleaning.steps._leaving import LeavesOut, Mask, counted
from reco_lab.core.parameters import tunable
from reco_lab.core.step import StepContext, Suggestion


class RepeatedRatings(LeavesOut):
    """Keep one rating of each customer and item."""

    label: ClassVar[str] = "Rated twice"
    summary: ClassVar[str] = "Keep one rating of each customer and item."
    keep: Literal["last", "first"] = tunable("last", help="Which rating counts, by time where it is known.")

    @property
    def reason(self) -> str:
        """Why a row is left out."""
        return f"is not the {self.keep} rating of this item by this customer"

    @classmethod
    def suggest(cls, frame: pd.DataFrame, ctx: StepContext) -> Iterator[Suggestion]:
        """On: a rating is an opinion, and the last one holds."""
        flagged = cls().flagged(frame, ctx)
        if flagged.any():
            yield Suggestion(
                cls(),
                f"{counted(flagged)} rate an item that the customer rated again later.",
                "doubt",
                on=True,
            )

    def flagged(self, frame: pd.DataFrame, ctx: StepContext) -> Mask:
        """All ratings of a pair but one."""
        rated = _ratings(frame, ctx)
        pairs = frame.loc[rated, ["user", "item"]]
        if "time" in frame:
            pairs = pairs.loc[frame.loc[rated, "time"].sort_values(kind="stable").index]
        known = pairs.notna().all(axis=1)
        repeated = pairs[known & pairs.duplicated(keep=self.keep)]
        return frame.index.isin(repeated.index)


def _ratings(frame: pd.DataFrame, ctx: StepContext) -> pd.Series:
    if "kind" in frame:
        return (frame["kind"] == "rating").fillna(value=False).astype(bool)
    rated = "value" in frame and ctx.meanings.get("value") == "rating"
    return pd.Series(rated, frame.index)

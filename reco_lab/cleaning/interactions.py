"""A table of text to clean rows of interactions, with an account of every row that did not make it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from reco_lab.cleaning.mending import Effect, mend
from reco_lab.cleaning.times import check_range
from reco_lab.cleaning.typed import ROLES, TypedTable, read_roles
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import ColumnMap
from reco_lab.core.recipe import Reading
from reco_lab.core.step import Step, StepContext

__all__ = ["CleanTable", "Reading", "clean_interactions", "mended_table", "refused_rows"]

LONGEST_SHOWN = 500
MOST_SHOWN = 20


@dataclass(frozen=True, eq=False)
class CleanTable:
    """Clean rows (columns user, item and, where mapped, value, time, kind) and the account of the others.

    `refused` has a row for each row left out: line, reason, text. `mended` counts what was put right,
    `notes` say how each column was understood, `effects` what each step did.
    """

    frame: pd.DataFrame
    refused: pd.DataFrame
    mended: Mapping[str, int]
    notes: Mapping[str, str]
    effects: tuple[Effect, ...] = ()

    @property
    def columns(self) -> ColumnMap:
        """The map of its columns for `Interactions.from_frame`."""
        value, time, kind = (name if name in self.frame else None for name in ("value", "time", "kind"))
        return ColumnMap("user", "item", value, time, kind)


def clean_interactions(
    frame: pd.DataFrame,
    columns: ColumnMap,
    now: datetime,
    reading: Reading | None = None,
    steps: Sequence[Step] = (),
    ctx: StepContext | None = None,
) -> CleanTable:
    """Read each mapped column, run the steps, and leave out with its first reason what is not usable then.

    The frame's index holds the lines. Raises MappingError or DataError where a column cannot be read, where
    a time before 1990 or in the future is left, and where no row is.
    """
    typed = read_roles(frame, columns, now, reading or Reading())
    for question in typed.questions.values():
        raise question
    return mended_table(frame, columns, typed, steps, ctx or StepContext(now))


def mended_table(
    frame: pd.DataFrame, columns: ColumnMap, typed: TypedTable, steps: Sequence[Step], ctx: StepContext
) -> CleanTable:
    """The steps run over a table that is read already; `frame` is its text, `columns` the mapping it was read by."""
    mended = mend(typed.frame, steps, ctx)
    reasons = typed.reasons.copy()
    by_step = mended.reasons[(reasons[mended.reasons.index] == "").to_numpy(bool)]
    reasons[by_step.index] = by_step
    kept = np.zeros(len(frame), bool)
    kept[mended.frame.index] = True
    kept &= (reasons == "").to_numpy(bool)
    if columns.time is not None and "time" in mended.frame:
        check_range(frame[columns.time], typed.frame["time"], kept, ctx.now)
    refused = refused_rows(frame, reasons)
    if not kept.any():
        raise DataError(
            f"No row can be used: each {refused['reason'].iloc[0]}."
            if len(refused)
            else "There are no rows in it.",
            fix="Check which column means what.",
        )
    rows = mended.frame.loc[kept[mended.frame.index], [role for role in ROLES if role in mended.frame]]
    table = CleanTable(rows, refused, typed.mended, typed.notes, mended.effects)
    return replace(table, mended={**typed.mended, **_changes(mended.effects)})


def refused_rows(frame: pd.DataFrame, reasons: pd.Series) -> pd.DataFrame:
    """The rows that have a reason, as a table of line, reason and text."""
    flagged = (reasons != "").to_numpy(bool)
    left = frame[flagged]
    text = left[left.columns[0]].fillna("").astype("str")
    for name in left.columns[1:MOST_SHOWN]:
        text = text + " | " + left[name].fillna("").astype("str")
    return pd.DataFrame(
        {
            "line": left.index.to_numpy(np.int64),
            "reason": reasons[flagged].to_numpy(),
            "text": text.str.slice(0, LONGEST_SHOWN).to_numpy(),
        }
    )


def _changes(effects: Sequence[Effect]) -> dict[str, int]:
    return {one.step.title.lower(): one.changed for one in effects if one.changed}

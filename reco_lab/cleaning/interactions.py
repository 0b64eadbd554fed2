"""A table of text to clean rows of interactions, with an account of every row that did not make it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd

from reco_lab.cleaning.cleaned import Cleaned, Cleaner
from reco_lab.cleaning.ids import clean_ids
from reco_lab.cleaning.kinds import clean_kinds
from reco_lab.cleaning.times import clean_times
from reco_lab.cleaning.values import clean_values
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import ColumnMap

LONGEST_SHOWN = 500
MOST_SHOWN = 20


@dataclass(frozen=True)
class Reading:
    """What a person may say about a file that it does not show by itself."""

    decimal: Literal[".", ","] | None = None
    day_first: bool | None = None
    zone: str = "UTC"
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CleanTable:
    """Clean rows (columns user, item and, where mapped, value, time, kind) and the account of the others.

    `refused` has a row for each row left out: line, reason, text. `mended` counts what was put right,
    `notes` say how each column was understood.
    """

    frame: pd.DataFrame
    refused: pd.DataFrame
    mended: Mapping[str, int]
    notes: Mapping[str, str]

    @property
    def columns(self) -> ColumnMap:
        """The map of its columns for `Interactions.from_frame`."""
        value, time, kind = (name if name in self.frame else None for name in ("value", "time", "kind"))
        return ColumnMap("user", "item", value, time, kind)


def clean_interactions(
    frame: pd.DataFrame, columns: ColumnMap, now: datetime, reading: Reading | None = None
) -> CleanTable:
    """Clean each mapped column; a row that any of them refuses is left out with its first reason.

    The frame's index holds the lines. Raises DataError where no row is left.
    """
    cleaned = {
        role: cleaner(frame[getattr(columns, role)])
        for role, cleaner in _cleaners(now, reading or Reading()).items()
        if getattr(columns, role) is not None
    }
    reasons = _reasons(cleaned, len(frame))
    kept = (reasons == "").to_numpy(bool)
    refused = refused_rows(frame, reasons)
    if not kept.any():
        raise DataError(
            f"No row can be used: each {refused['reason'].iloc[0]}."
            if len(refused)
            else "There are no rows in it.",
            fix="Check which column means what.",
        )
    clean = pd.DataFrame({role: one.values for role, one in cleaned.items()})[kept]
    return CleanTable(
        clean,
        refused,
        {what: count for one in cleaned.values() for what, count in one.mended.items()},
        {role: one.note for role, one in cleaned.items() if one.note},
    )


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


def _cleaners(now: datetime, reading: Reading) -> dict[str, Cleaner]:
    return {
        "user": lambda column: clean_ids(column, "customer"),
        "item": lambda column: clean_ids(column, "item"),
        "value": lambda column: clean_values(column, reading.decimal),
        "time": lambda column: clean_times(column, now, day_first=reading.day_first, zone=reading.zone),
        "kind": lambda column: clean_kinds(column, reading.kinds),
    }


def _reasons(cleaned: Mapping[str, Cleaned], rows: int) -> pd.Series:
    known = [""]
    first = np.zeros(rows, np.int16)
    for one in cleaned.values():
        for reason, flagged in one.refused.items():
            first[flagged & (first == 0)] = len(known)
            known.append(reason)
    return pd.Series(np.array(known, object)[first], dtype="str")

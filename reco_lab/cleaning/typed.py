"""A table of text with its columns read: typed columns by role beside the others, and what could not be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from reco_lab.cleaning.cleaned import Cleaned
from reco_lab.cleaning.ids import clean_ids
from reco_lab.cleaning.kinds import clean_kinds, weights_of
from reco_lab.cleaning.times import clean_times
from reco_lab.cleaning.values import clean_values
from reco_lab.core.errors import InputError
from reco_lab.core.interactions import ColumnMap
from reco_lab.core.recipe import Reading

ROLES = ("user", "item", "value", "time", "kind")


@dataclass(frozen=True, eq=False)
class TypedTable:
    """What `read_roles` understood.

    `frame` has a column a role and the file's other columns as text; its index counts the rows from 0.
    `reasons` says of each row why it cannot be used, empty where it can; what could not be read is missing
    in the frame. `questions` are the sentences of columns that nobody can read without an answer.
    """

    frame: pd.DataFrame
    reasons: pd.Series
    mended: Mapping[str, int]
    notes: Mapping[str, str]
    questions: Mapping[str, InputError]


def read_roles(frame: pd.DataFrame, columns: ColumnMap, now: datetime, reading: Reading) -> TypedTable:
    """Read each mapped column. A column that raises becomes a question and is left out of the frame."""
    cleaned: dict[str, Cleaned] = {}
    questions: dict[str, InputError] = {}
    for role, cleaner in _cleaners(now, reading).items():
        name = getattr(columns, role)
        if name is None:
            continue
        try:
            cleaned[role] = cleaner(frame[name])
        except InputError as error:
            questions[role] = error
    mapped = {getattr(columns, role) for role in ROLES}
    others = {_beside(str(name)): frame[name].array for name in frame.columns if name not in mapped}
    typed = {role: _missing_where_refused(one) for role, one in cleaned.items()}
    if reading.weights and columns.kind is not None:
        counts = weights_of(frame[columns.kind], reading.weights).array
        typed["value"] = counts * typed["value"] if "value" in typed else counts
    return TypedTable(
        pd.DataFrame(typed | others, index=range(len(frame))),
        _reasons(cleaned, len(frame)),
        {what: count for one in cleaned.values() for what, count in one.mended.items()},
        {role: one.note for role, one in cleaned.items() if one.note},
        questions,
    )


def _beside(name: str) -> str:
    """The name of a column without a role: one that is called like a role is marked."""
    return f"{name} (column)" if name in ROLES else name


def _cleaners(now: datetime, reading: Reading) -> dict[str, Callable[[pd.Series], Cleaned]]:
    when = partial(clean_times, now=now, day_first=reading.day_first, zone=reading.zone, stop=False)
    return {
        "user": partial(clean_ids, what="customer"),
        "item": partial(clean_ids, what="item"),
        "value": partial(clean_values, decimal=reading.decimal),
        "time": when,
        "kind": partial(clean_kinds, meanings=reading.kinds),
    }


def _missing_where_refused(one: Cleaned) -> Any:
    if not one.refused:
        return one.values.array
    refused = np.logical_or.reduce(list(one.refused.values()))
    return one.values.mask(refused).array if refused.any() else one.values.array


def _reasons(cleaned: Mapping[str, Cleaned], rows: int) -> pd.Series:
    known = [""]
    first = np.zeros(rows, np.int16)
    for one in cleaned.values():
        for reason, flagged in one.refused.items():
            first[flagged & (first == 0)] = len(known)
            known.append(reason)
    return pd.Series(np.array(known, object)[first], dtype="str")

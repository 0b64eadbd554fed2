"""Columns by name or position to columns by name, guessed where nobody said, and checked before anything is read."""

from collections.abc import Iterator, Mapping

import pandas as pd

from reco_lab.analysis.columns import ROLES, Guess, Role, guess_columns
from reco_lab.core.errors import MappingError
from reco_lab.core.experiment import Column, Columns
from reco_lab.core.interactions import ColumnMap

SURE = 0.5
_WORDS = {"user": "customer", "item": "item", "value": "value", "time": "time", "kind": "kind"}


def column_map(frame: pd.DataFrame, columns: Columns | None) -> ColumnMap:
    """The map for this table; where `columns` is None, the guess. Raises MappingError with what to change."""
    wanted = columns or guessed_columns(guess_columns(frame))
    names = {role: _name(frame, getattr(wanted, role), role) for role in ROLES}
    if repeated := _repeated(names):
        raise MappingError(repeated)
    return ColumnMap(str(names["user"]), str(names["item"]), names["value"], names["time"], names["kind"])


def guessed_columns(guess: Guess) -> Columns:
    """The columns of a guess; MappingError where customer or item cannot be guessed."""
    lacking = [_WORDS[role] for role, one in guess if role in {"user", "item"} and one.confidence < SURE]
    if lacking:
        raise MappingError(
            f"No column could be the {' or the '.join(lacking)}.",
            fix="A file of interactions has at least a column for the customer and one for the item.",
        )
    return Columns(**{role: one.column for role, one in guess if one.confidence >= SURE})


def named_columns(mapping: ColumnMap) -> Columns:
    """The mapping by names, as a recipe keeps it."""
    return Columns(
        user=mapping.user, item=mapping.item, value=mapping.value, time=mapping.time, kind=mapping.kind
    )


def problems(frame: pd.DataFrame, columns: Columns) -> Iterator[str]:
    """What is wrong with a mapping, each as a sentence with what to change. Looks at the rows it is given."""
    try:
        names = {role: _name(frame, getattr(columns, role), role) for role in ROLES}
    except MappingError as error:
        yield str(error)
        return
    if repeated := _repeated(names):
        yield repeated
        return
    rows = len(frame)
    user, item = frame[names["user"]], frame[names["item"]]
    for column, word in ((user, "customer"), (item, "item")):
        if column.isna().all():
            yield f"Column {column.name!r} is empty, so it cannot be the {word}. Choose another column."
    if rows > 20 and user.is_unique and item.is_unique:
        yield (
            f"Both {user.name!r} and {item.name!r} differ in every row: nobody touched two items. "
            "Choose the columns that repeat."
        )
    elif rows > 20 and user.is_unique:
        yield (
            f"Column {user.name!r} differs in every row, so no customer comes back. "
            "Choose the column that names the customer, not the row."
        )
    if rows > 20 and len(user.unique()) == 1:
        yield f"Column {user.name!r} is the same in all rows shown: one customer teaches nothing about others."
    if names["value"] is not None:
        yield from _value_problems(frame[names["value"]])


def _value_problems(column: pd.Series) -> Iterator[str]:
    texts = column.dropna().astype("str").str.strip()
    numbers = texts.str.fullmatch(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?").astype(bool)
    if len(texts) and numbers.mean() < 0.5:
        yield (
            f"Column {column.name!r} says {texts[~numbers].iloc[0]!r}, which is no number. "
            "Choose a column of numbers for the value, or none."
        )


def _name(frame: pd.DataFrame, column: Column | None, role: str) -> str | None:
    if column is None:
        return None
    names = [str(name) for name in frame.columns]
    if isinstance(column, int):
        if not 0 <= column < len(names):
            raise MappingError(
                f"There is no column {column} for the {_WORDS[role]}.",
                fix=f"Positions go from 0 to {len(names) - 1}.",
            )
        return names[column]
    if column not in names:
        raise MappingError(
            f"There is no column {column!r} for the {_WORDS[role]}.",
            fix=f"There are: {', '.join(names[:30])}.",
        )
    return column


def _repeated(names: Mapping[Role, str | None]) -> str:
    seen: dict[str, Role] = {}
    for role, name in names.items():
        if name is None:
            continue
        if name in seen:
            return (
                f"Column {name!r} is both {_WORDS[seen[name]]} and {_WORDS[role]}. Choose a column for each."
            )
        seen[name] = role
    return ""

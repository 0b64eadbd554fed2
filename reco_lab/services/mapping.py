"""Columns by name or position to columns by name, guessed where nobody said, and checked before anything is read."""

from collections.abc import Iterator

import pandas as pd

from reco_lab.analysis.columns import ITEM_ROLES, ROLES, Guess, ItemRole, Role
from reco_lab.analysis.item_side import guess_roles
from reco_lab.core.errors import MappingError
from reco_lab.core.experiment import Column, Columns
from reco_lab.core.interactions import ColumnMap
from reco_lab.sources._bulk import Way

SURE = 0.5
_WORDS = {
    "user": "customer", "item": "item", "value": "value", "time": "time", "kind": "kind",
    "title": "title", "category": "category", "price": "price",
}  # fmt: skip
Names = dict[Role | ItemRole, str | None]


def named_columns(frame: pd.DataFrame, columns: Columns | None) -> Columns:
    """The columns of this table by name, as a recipe keeps them; where `columns` is None, the guess.

    Raises MappingError with what to change.
    """
    names = _names(frame, columns or guessed_columns(guess_roles(frame)))
    if repeated := _repeated(names):
        raise MappingError(repeated)
    return Columns(**names)


def column_map(named: Columns) -> ColumnMap:
    """The map of a log whose columns are known by name."""
    names = {role: getattr(named, role) for role in ROLES}
    return ColumnMap(**names)


def guessed_columns(guess: Guess) -> Columns:
    """The columns of a guess; MappingError where customer or item cannot be guessed."""
    lacking = [_WORDS[role] for role, one in guess if role in {"user", "item"} and one.confidence < SURE]
    if lacking:
        raise MappingError(
            f"No column could be the {' or the '.join(lacking)}.",
            fix="A file of interactions has at least a column for the customer and one for the item.",
        )
    return Columns(**{role: one.column for role, one in guess if one.confidence >= SURE})


def problems(frame: pd.DataFrame, columns: Columns) -> Iterator[str]:
    """What is wrong with a mapping, each as a sentence with what to change. Looks at the rows it is given."""
    try:
        names = _names(frame, columns)
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


def item_columns(named: Columns) -> dict[str, str]:
    """The columns by name in which rows say something of their items, by role."""
    return {role: str(name) for role in ITEM_ROLES if (name := getattr(named, role)) is not None}


def ways(named: Columns) -> dict[str, Way]:
    """The columns of a large file that are read, by name, and how each may come."""
    roles: dict[str, Way] = {"user": "id", "item": "id", "value": "value", "time": "time", "kind": "id"}
    found: dict[str, Way] = dict.fromkeys(item_columns(named).values(), "id")
    return found | {
        str(name): way for role, way in roles.items() if (name := getattr(named, role)) is not None
    }


def _value_problems(column: pd.Series) -> Iterator[str]:
    texts = column.dropna().astype("str").str.strip()
    numbers = texts.str.fullmatch(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?").astype(bool)
    if len(texts) and numbers.mean() < 0.5:
        yield (
            f"Column {column.name!r} says {texts[~numbers].iloc[0]!r}, which is no number. "
            "Choose a column of numbers for the value, or none."
        )


def _names(frame: pd.DataFrame, columns: Columns) -> Names:
    return {role: _name(frame, getattr(columns, role), role) for role in (*ROLES, *ITEM_ROLES)}


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


def _repeated(names: Names) -> str:
    """Two roles of the log in one column; what is said of the items may be any column, a price the value too."""
    seen: dict[str, Role] = {}
    for role in ROLES:
        name = names[role]
        if name is None:
            continue
        if name in seen:
            return (
                f"Column {name!r} is both {_WORDS[seen[name]]} and {_WORDS[role]}. Choose a column for each."
            )
        seen[name] = role
    return ""

"""Guess which columns of a log say something of its items: title, category and price of a joined export."""

from dataclasses import replace

import pandas as pd

from reco_lab.analysis.attribute_columns import guess_attributes, personal_columns
from reco_lab.analysis.columns import LOOKED_AT, NOTHING, ColumnGuess, Guess, guess_columns

LONGEST_TITLE = 200
_STEADY = {"title": 0.9, "category": 0.9, "price": 0.5}
_MEANINGS = {"title": ("title", "description"), "category": ("category",), "price": ("price",)}


def guess_roles(frame: pd.DataFrame) -> Guess:
    """The guess for every role, those of the items included.

    A column is only said to describe the items where the rows of one item agree on it: nearly always for a
    title and a category, mostly for a price.
    """
    guess = guess_columns(frame)
    if guess.item.column is None:
        return guess
    taken = {one.column for one in (guess.user, guess.item, guess.time, guess.kind)}
    free = frame.iloc[:LOOKED_AT].drop(columns=[name for name in frame if name in taken])
    items = frame[guess.item.column].iloc[:LOOKED_AT]
    return replace(guess, **{role: _best(role, free, items) for role in _MEANINGS})


def _best(role: str, free: pd.DataFrame, items: pd.Series) -> ColumnGuess:
    found = guess_attributes(free, "items")
    for meaning in _MEANINGS[role]:
        one = found.get(meaning)
        if one is not None and _describes(free[one.column], items, _STEADY[role]):
            return replace(one, reason=f"{one.reason}, and the rows of an item agree on it")
    return NOTHING


def _describes(column: pd.Series, items: pd.Series, steady: float) -> bool:
    """Whether the rows of one item agree; where no item comes twice, whether it could not be a person's."""
    known = column.notna() & items.notna()
    sizes = pd.DataFrame({"item": items[known], "text": column[known]}).value_counts().rename("rows")
    by_item = sizes.groupby(level="item")
    rows = by_item.sum()
    again = rows > 1
    if not again.any():
        return not personal_columns(column.to_frame())
    long = column[known].astype("str").str.len().median() > LONGEST_TITLE
    return not long and float(by_item.max()[again].sum() / rows[again].sum()) >= steady

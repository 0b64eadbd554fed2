"""The form that makes a rule: which kind, about which items, how strongly."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st
from pandas.api import types

from reco_lab.campaigns.spec import (
    Boost,
    Budget,
    Cap,
    Exclude,
    NotBought,
    Pin,
    Rule,
    Stock,
    Variety,
    Where,
)
from reco_lab.core.dataset import Dataset
from reco_lab.core.features import TAG_SEPARATOR

OFFERED = 300
MANY = 40
KINDS: Mapping[str, str] = {
    "exclude": "Leave items out",
    "boost": "Show more (or less) of some",
    "pin": "Keep a place in the list for some",
    "not_bought": "Nothing bought lately",
    "cap": "Not too many of one kind",
    "variety": "More variety",
    "stock": "No more than there is in stock",
    "budget": "Stay within a budget",
}
OF_COLUMNS = ("exclude", "boost", "pin", "cap")
EACH = "The same number for all items"


def ask(data: Dataset, key: str) -> Rule | None:
    """Ask for a rule; None while it says nothing yet."""
    columns = [] if data.items is None else [str(name) for name in data.items.columns]
    kinds = [kind for kind in KINDS if columns or kind not in OF_COLUMNS]
    kind = st.selectbox("What should it do?", kinds, format_func=KINDS.__getitem__, key=f"{key}-kind")
    forms: Mapping[str, Callable[[], Rule | None]] = {
        "exclude": lambda: _exclude(data, key),
        "boost": lambda: _boost(data, key),
        "pin": lambda: _pin(data, key),
        "not_bought": lambda: _not_bought(key),
        "cap": lambda: _cap(columns, key),
        "variety": lambda: _variety(key),
        "stock": lambda: _stock(data, key),
        "budget": lambda: _budget(data, key),
    }
    return forms[kind]()


def _exclude(data: Dataset, key: str) -> Rule | None:
    where = _where(data, key)
    return None if where is None else Exclude(where=where)


def _boost(data: Dataset, key: str) -> Rule | None:
    where = _where(data, key)
    strength = st.slider(
        "How much",
        -1.0,
        1.0,
        0.2,
        0.05,
        key=f"{key}-strength",
        help="1 lifts the last candidate of a list to its first place; below 0 they move down.",
    )
    return None if where is None or not strength else Boost(where=where, strength=strength)


def _pin(data: Dataset, key: str) -> Rule | None:
    where = _where(data, key)
    place = st.number_input("Place in the list", 1, 20, 1, key=f"{key}-place")
    return None if where is None else Pin(where=where, place=int(place))


def _not_bought(key: str) -> Rule:
    days = st.number_input(
        "Bought in the last … days", 1, 36_500, 90, placeholder="ever bought", key=f"{key}-days"
    )
    return NotBought(days=None if days is None else int(days))


def _cap(columns: Sequence[str], key: str) -> Rule:
    column = st.selectbox("Of one", columns, _first(columns, "category"), key=f"{key}-column")
    most = st.number_input(
        "at most this many in a list", 1, 20, 2, key=f"{key}-most", help="With 1: one item a family."
    )
    return Cap(column=column, most=int(most))


def _variety(key: str) -> Rule | None:
    strength = st.slider(
        "How much",
        0.0,
        1.0,
        0.3,
        0.05,
        key=f"{key}-variety",
        help="What is like something in the list already comes later.",
    )
    return Variety(strength=strength) if strength else None


def _stock(data: Dataset, key: str) -> Rule:
    column = _amounts("Pieces are in the column", data, key)
    if column is not None:
        return Stock(column=column)
    return Stock(each=int(st.number_input("Customers for each item", 0, 10_000_000, 100, key=f"{key}-each")))


def _budget(data: Dataset, key: str) -> Rule:
    total = st.number_input("To spend in all", 0.01, 1e12, 1000.0, format="%.2f", key=f"{key}-total")
    column = _amounts("Showing an item costs what is in the column", data, key)
    if column is not None:
        return Budget(total=total, column=column)
    each = st.number_input("Showing an item costs", 0.01, 1e9, 1.0, format="%.2f", key=f"{key}-cost")
    return Budget(total=total, each=each)


def _amounts(label: str, data: Dataset, key: str) -> str | None:
    """A column of numbers, or one number for all items (None)."""
    columns = [] if data.items is None else [str(name) for name in data.items if numeric(data.items[name])]
    if not columns:
        return None
    found = st.selectbox(label, [EACH, *columns], key=f"{key}-amounts")
    return None if found == EACH else str(found)


def _where(data: Dataset, key: str) -> Where | None:
    """Which items: a column, and what stands in it."""
    if data.items is None:
        return None
    columns = [str(name) for name in data.items.columns if str(name) != "title"] or ["title"]
    column = st.selectbox("Items by their", columns, _first(columns, "category"), key=f"{key}-by")
    cells = data.items[column]
    if numeric(cells):
        left, right = st.columns(2)
        low = left.number_input("from", value=None, placeholder="open", key=f"{key}-low-{column}")
        high = right.number_input("to", value=None, placeholder="open", key=f"{key}-high-{column}")
        return None if low is None and high is None else Where(column=column, low=low, high=high)
    chosen = st.multiselect(
        "is", words(cells), placeholder="Choose or type", accept_new_options=True, key=f"{key}-is-{column}"
    )
    return Where(column=column, one_of=tuple(chosen)) if chosen else None


def numeric(cells: pd.Series) -> bool:
    """Whether a column holds amounts rather than words."""
    if types.is_bool_dtype(cells):
        return False
    if types.is_numeric_dtype(cells):
        return True
    known = cells.dropna()
    return (
        len(known) > 0
        and bool(pd.to_numeric(known, errors="coerce").notna().all())
        and known.nunique() > MANY
    )


def words(cells: pd.Series) -> list[str]:
    """What stands in a column, the most frequent first; a cell may hold several words."""
    parts = cells.dropna().astype("str").str.split(TAG_SEPARATOR).explode().str.strip()
    return [str(word) for word in parts[parts != ""].value_counts().index[:OFFERED]]


def _first(columns: Sequence[str], wanted: str) -> int:
    return columns.index(wanted) if wanted in columns else 0

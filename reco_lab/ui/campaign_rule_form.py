"""The form that makes a rule, or changes one: which kind, about which items, how strongly."""

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


def ask(data: Dataset, key: str, now: Rule | None = None) -> Rule | None:
    """Ask for a rule, beginning with what it says `now`; None while it says nothing yet."""
    columns = [] if data.items is None else [str(name) for name in data.items.columns]
    kinds = [kind for kind in KINDS if columns or kind not in OF_COLUMNS]
    begin = kinds.index(now.kind) if now is not None and now.kind in kinds else 0
    kind = st.selectbox("What should it do?", kinds, begin, format_func=KINDS.__getitem__, key=f"{key}-kind")
    forms: Mapping[str, Callable[[], Rule | None]] = {
        "exclude": lambda: _exclude(data, key, now if isinstance(now, Exclude) else None),
        "boost": lambda: _boost(data, key, now if isinstance(now, Boost) else None),
        "pin": lambda: _pin(data, key, now if isinstance(now, Pin) else None),
        "not_bought": lambda: _not_bought(key, now if isinstance(now, NotBought) else NotBought()),
        "cap": lambda: _cap(columns, key, now if isinstance(now, Cap) else Cap()),
        "variety": lambda: _variety(key, now if isinstance(now, Variety) else Variety()),
        "stock": lambda: _stock(data, key, now if isinstance(now, Stock) else Stock(each=100)),
        "budget": lambda: _budget(data, key, now if isinstance(now, Budget) else Budget(total=1000, each=1)),
    }
    return forms[kind]()


def _exclude(data: Dataset, key: str, now: Exclude | None) -> Rule | None:
    where = _where(data, key, now.where if now else None)
    return None if where is None else Exclude(where=where)


def _boost(data: Dataset, key: str, now: Boost | None) -> Rule | None:
    where = _where(data, key, now.where if now else None)
    strength = st.slider(
        "How much",
        -1.0,
        1.0,
        now.strength if now else 0.2,
        0.05,
        key=f"{key}-strength",
        help="1 lifts the last candidate of a list to its first place; below 0 they move down.",
    )
    return None if where is None or not strength else Boost(where=where, strength=strength)


def _pin(data: Dataset, key: str, now: Pin | None) -> Rule | None:
    where = _where(data, key, now.where if now else None)
    place = st.number_input("Place in the list", 1, 20, now.place if now else 1, key=f"{key}-place")
    return None if where is None else Pin(where=where, place=int(place))


def _not_bought(key: str, now: NotBought) -> Rule:
    days = st.number_input(
        "Bought in the last … days", 1, 36_500, now.days, placeholder="ever bought", key=f"{key}-days"
    )
    return NotBought(days=None if days is None else int(days))


def _cap(columns: Sequence[str], key: str, now: Cap) -> Rule:
    column = st.selectbox("Of one", columns, _first(columns, now.column), key=f"{key}-column")
    most = st.number_input(
        "at most this many in a list", 1, 20, now.most, key=f"{key}-most", help="With 1: one item a family."
    )
    return Cap(column=column, most=int(most))


def _variety(key: str, now: Variety) -> Rule | None:
    strength = st.slider(
        "How much",
        0.0,
        1.0,
        now.strength,
        0.05,
        key=f"{key}-variety",
        help="What is like something in the list already comes later.",
    )
    return Variety(strength=strength) if strength else None


def _stock(data: Dataset, key: str, now: Stock) -> Rule:
    column = _amounts("Pieces are in the column", data, key, now.column)
    if column is not None:
        return Stock(column=column)
    each = 100 if now.each is None else now.each
    return Stock(each=int(st.number_input("Customers for each item", 0, 10_000_000, each, key=f"{key}-each")))


def _budget(data: Dataset, key: str, now: Budget) -> Rule:
    total = st.number_input("To spend in all", 0.01, 1e12, now.total, format="%.2f", key=f"{key}-total")
    column = _amounts("Showing an item costs what is in the column", data, key, now.column)
    if column is not None:
        return Budget(total=total, column=column)
    each = st.number_input(
        "Showing an item costs", 0.01, 1e9, now.each or 1.0, format="%.2f", key=f"{key}-cost"
    )
    return Budget(total=total, each=each)


def _amounts(label: str, data: Dataset, key: str, now: str | None) -> str | None:
    """A column of numbers, or one number for all items (None)."""
    columns = [] if data.items is None else [str(name) for name in data.items if numeric(data.items[name])]
    if not columns:
        return None
    offered = [EACH, *columns]
    found = st.selectbox(label, offered, _first(offered, now or EACH), key=f"{key}-amounts")
    return None if found == EACH else str(found)


def _where(data: Dataset, key: str, now: Where | None) -> Where | None:
    """Which items: a column, and what stands in it."""
    if data.items is None:
        return None
    columns = [str(name) for name in data.items.columns if str(name) != "title"] or ["title"]
    if now is not None and now.column in data.items.columns:
        columns = list(dict.fromkeys([*columns, now.column]))
    first = _first(columns, now.column if now else "category")
    column = st.selectbox("Items by their", columns, first, key=f"{key}-by")
    cells = data.items[column]
    said = now if now is not None and now.column == column else None
    if numeric(cells):
        left, right = st.columns(2)
        low, high = (said.low, said.high) if said else (None, None)
        low = left.number_input("from", value=low, placeholder="open", key=f"{key}-low-{column}")
        high = right.number_input("to", value=high, placeholder="open", key=f"{key}-high-{column}")
        return None if low is None and high is None else Where(column=column, low=low, high=high)
    kept = said.one_of if said else ()
    chosen = st.multiselect(
        "is",
        list(dict.fromkeys([*words(cells), *kept])),
        list(kept),
        placeholder="Choose or type",
        accept_new_options=True,
        key=f"{key}-is-{column}",
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

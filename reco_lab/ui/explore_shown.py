"""A chart with the sentence it proves and its numbers, and the words that all of them share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from reco_lab.charts.theme import Figure

NO_TIMES = "This data set has no times, so nothing can be said about when things happened."


@dataclass(frozen=True, eq=False)
class Shown:
    """A chart with its finding, its numbers and a note; `marks` says what marking it filters by, `names` what it marks."""

    finding: str
    figure: Figure
    table: pd.DataFrame
    key: str
    note: str = ""
    explained: str = ""
    marks: str = ""
    names: Sequence[str] = ()
    ends: Sequence[date] = ()


WORDS = {
    "rows": "Interactions",
    "expected": "Expected",
    "unusual": "Unusual",
    "customers": "Customers",
    "active": "Still active",
    "share": "Share (%)",
    "low": "Low",
    "high": "High",
    "category": "Category",
    "items": "Items",
    "item_share": "Share of items (%)",
    "index": "Index",
    "table": "Table",
    "column": "Column",
    "known": "Known",
    "missing": "Missing",
    "distinct": "Different values",
}


def as_percent(table: pd.DataFrame, names: Sequence[object]) -> pd.DataFrame:
    """The table with these shares as percentages, to one decimal."""
    scaled = table.copy()
    for name in names:
        scaled[name] = (scaled[name] * 100).round(1)
    return scaled


def as_change(by: float) -> str:
    """A change as a person says it: "+12%", or "×12" where it is large."""
    return f"{by:+.0%}" if by < 9 else f"×{by + 1:.0f}"


def as_day(moment: date) -> str:
    """A day: "3 Mar 2026"."""
    return f"{moment:%d %b %Y}".lstrip("0")

"""What becomes of attributes before a recommender sees them: numbers, categories, texts, or nothing."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from reco_lab.core.dataset import Dataset
from reco_lab.core.features import TEXT_COLUMNS, Encoder, Encoding
from reco_lab.core.words import count

Shown = Literal["number", "category", "text", "left out"]


@dataclass(frozen=True)
class ColumnEncoding:
    """How one column of a data set is encoded: `levels` of a category, how many cells are `missing`, in words."""

    table: Literal["customers", "items"]
    column: str
    how: Shown
    levels: tuple[str, ...]
    missing: int
    sentence: str


def encoding_report(dataset: Dataset) -> tuple[ColumnEncoding, ...]:
    """What was done with every column of customers and items, in the order of the tables."""
    return (*_table("customers", dataset.customers), *_table("items", dataset.items))


def _table(name: Literal["customers", "items"], table: pd.DataFrame | None) -> tuple[ColumnEncoding, ...]:
    if table is None:
        return ()
    learnt = {one.column: one for one in Encoder.learn(table).encodings}
    return tuple(_column(name, table[column], learnt.get(str(column))) for column in table.columns)


def _column(
    table: Literal["customers", "items"], column: pd.Series, encoding: Encoding | None
) -> ColumnEncoding:
    name, missing = str(column.name), int(column.isna().sum())
    how, sentence = _words(name, column, encoding)
    if missing:
        known = "a zero, which is the average" if how == "number" else "none of them"
        sentence += f" {missing:,} missing" + (f" count as {known}." if encoding else ".")
    return ColumnEncoding(table, name, how, encoding.levels if encoding else (), missing, sentence)


def _words(name: str, column: pd.Series, encoding: Encoding | None) -> tuple[Shown, str]:
    if encoding is not None and encoding.kind == "number":
        return (
            "number",
            f"A number: less its mean {encoding.centre:.4g}, in units of its spread {encoding.spread:.4g}.",
        )
    if encoding is not None:
        return "category", f"A category of {len(encoding.levels):,}, a yes or no for each."
    if name in TEXT_COLUMNS:
        return "text", "A text, read word by word."
    return "left out", _why(column)


def _why(column: pd.Series) -> str:
    if pd.api.types.is_datetime64_any_dtype(column):
        return "Left out: times are not used as attributes."
    known = column.dropna()
    if known.empty:
        return "Left out: it is empty."
    if known.nunique() < 2:
        return f"Left out: it always says {str(known.iloc[0])!r}."
    return f"Left out: {known.nunique():,} different values in {count(len(known), 'row')} tell nothing that two share."

"""Tables of customers and items: one row an id, texts and numbers, and the names that recommenders look for."""

import numpy as np
import pandas as pd

from reco_lab.cleaning.ids import clean_ids
from reco_lab.cleaning.interactions import refused_rows
from reco_lab.core.errors import DataError

_TITLES = (
    "title",
    "name",
    "product_name",
    "item_name",
    "producttitle",
    "product_title",
    "titel",
    "titre",
    "nombre",
)
_NUMBER = r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?"


def clean_attributes(frame: pd.DataFrame, column: str, what: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table indexed by its id, and the rows that were refused (line, reason, text).

    Columns that hold only numbers become numbers (not ids, nor where one begins with a zero, as post codes do).
    An item's name is found under its usual names, or as the column of distinct texts, and called `title`.
    """
    ids = clean_ids(frame[column], what)
    reasons = pd.Series("", index=range(len(frame)), dtype="str")
    for reason, flagged in ids.refused.items():
        reasons = reasons.where(~flagged | (reasons != "").to_numpy(bool), reason)
    kept = (reasons == "").to_numpy(bool)
    if not kept.any():
        raise DataError(f"No row of it has a {what} id.", fix="Check which column holds the id.")
    table = frame.drop(columns=column)[kept]
    table = pd.DataFrame({str(name): _typed(table[name]) for name in table.columns}, index=table.index)
    table.index = pd.Index(ids.values[kept].to_numpy(object), dtype="str", name=what)
    return (_titled(table) if what == "item" else table), refused_rows(frame, reasons)


def _typed(column: pd.Series) -> pd.Series:
    if str(column.name).lower().replace("_", " ").split()[-1:] == ["id"]:
        return column
    known = column.dropna().str.strip()
    if len(known) and bool(known.str.fullmatch(_NUMBER).all()):
        return pd.to_numeric(column.str.strip()).astype(np.float64)
    return column


def _titled(table: pd.DataFrame) -> pd.DataFrame:
    names = {str(name).lower().replace(" ", "_"): str(name) for name in table.columns}
    found = next((names[name] for name in _TITLES if name in names), None) or _title_by_content(table)
    return table if found is None or "title" in table else table.rename(columns={found: "title"})


def _title_by_content(table: pd.DataFrame) -> str | None:
    for name in table.columns:
        texts = table[name].dropna()
        if not pd.api.types.is_string_dtype(texts) or len(texts) < 0.5 * len(table):
            continue
        wordy = float(texts.str.contains(r"[^\W\d]{3,}", regex=True).mean())
        links = float(texts.str.contains("://", regex=False).mean())
        if wordy > 0.8 and links < 0.1 and texts.nunique() > 0.7 * len(texts):
            return str(name)
    return None

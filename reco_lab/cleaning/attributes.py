"""Tables of customers and items: one row an id, texts and numbers, and the names that recommenders look for."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import numpy as np
import pandas as pd

from reco_lab.cleaning.consent import consent_of
from reco_lab.cleaning.ids import clean_ids
from reco_lab.cleaning.interactions import refused_rows
from reco_lab.cleaning.times import clean_times
from reco_lab.cleaning.values import clean_values
from reco_lab.core.errors import DataError, InputError

_NUMBER = r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?"
_SIGNS = r"^\s*(?:[€$£¥]|EUR|USD|GBP|CHF)\s*|\s*(?:[€$£¥%]|EUR|USD|GBP|CHF)\s*$"
_TEXTS = ("title", "category")
_AMOUNTS = ("price", "margin", "stock", "age")
CONSENT, OPT_OUT = "consent", "opt_out"
_LONGEST_TITLE = 120
_SEVERAL = 0.3


def clean_attributes(
    frame: pd.DataFrame,
    column: str,
    what: str,
    meanings: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table indexed by its id, and the rows that were refused (line, reason, text).

    `meanings` maps a meaning (title, price, consent...) to its column, which then goes by that name: amounts
    lose their currency, consent becomes yes or no, a sign-up becomes a time where `now` is given and the
    column can be read. Other columns that hold only numbers become numbers (not ids, nor where one begins
    with a zero, as post codes do). An item's name is else found by `title_column`.
    """
    ids = clean_ids(frame[column], what)
    reasons = pd.Series("", index=range(len(frame)), dtype="str")
    for reason, flagged in ids.refused.items():
        reasons = reasons.where(~flagged | (reasons != "").to_numpy(bool), reason)
    kept = (reasons == "").to_numpy(bool)
    if not kept.any():
        raise DataError(f"No row of it has a {what} id.", fix="Check which column holds the id.")
    table = _meant(frame.drop(columns=column)[kept], meanings or {}, now)
    table.index = pd.Index(ids.values[kept].to_numpy(object), dtype="str", name=what)
    return (_titled(table, meanings or {}) if what == "item" else table), refused_rows(frame, reasons)


def _meant(table: pd.DataFrame, meanings: Mapping[str, str], now: datetime | None) -> pd.DataFrame:
    """The columns typed, those with a meaning under its name."""
    special: dict[str, Callable[[pd.Series], pd.Series]] = {
        **dict.fromkeys(_TEXTS, _text),
        **dict.fromkeys(_AMOUNTS, _amount),
        CONSENT: consent_of,
        OPT_OUT: partial(consent_of, opt_out=True),
    }
    if now is not None:
        special["signup"] = partial(_moment, now=now)
    by_column = {name: meaning for meaning, name in meanings.items()}
    taken = {*meanings} - {*by_column}
    result: dict[str, pd.Series] = {}
    for name in table.columns:
        meaning = by_column.get(name, "")
        read = special.get(meaning, _typed)
        own = f"{name} (column)" if name in taken else str(name)
        target = CONSENT if meaning == OPT_OUT else meaning or own
        result[target] = read(table[name])
    return pd.DataFrame(result, index=table.index)


def _typed(column: pd.Series) -> pd.Series:
    if str(column.name).lower().replace("_", " ").split()[-1:] == ["id"]:
        return column
    known = column.dropna().str.strip()
    if len(known) and bool(known.str.fullmatch(_NUMBER).all()):
        return pd.to_numeric(column.str.strip()).astype(np.float64)
    return column


def _text(column: pd.Series) -> pd.Series:
    return column


def _amount(column: pd.Series) -> pd.Series:
    """Numbers, without a currency or a percent sign; the column as it is where it holds other things."""
    bare = column.str.replace(_SIGNS, "", regex=True)
    try:
        cleaned = clean_values(bare)
    except InputError:
        return _typed(column)
    refused = [flagged for reason, flagged in cleaned.refused.items() if reason != "has no value"]
    return _typed(column) if np.logical_or.reduce(refused).any() else cleaned.values


def _moment(column: pd.Series, now: datetime) -> pd.Series:
    try:
        return clean_times(column, now).values
    except InputError:
        return _typed(column)


def title_column(table: pd.DataFrame) -> str | None:
    """The column that holds what items are called, by what it holds; None where none does.

    Its texts differ, most are words and many are several, as names are and codes, links and addresses are not.
    The one with the most different texts is taken, the first of several.
    """
    scored = [(_named_by(table[name].dropna(), len(table)), str(name)) for name in table.columns]
    different, name = max(scored, key=lambda one: one[0], default=(0.0, ""))
    return name if different else None


def _titled(table: pd.DataFrame, meanings: Mapping[str, str]) -> pd.DataFrame:
    known = [name for name in table if name in meanings]
    found = None if "title" in table else title_column(table.drop(columns=known))
    return table if found is None else table.rename(columns={found: "title"})


def _named_by(texts: pd.Series, rows: int) -> float:
    """The share of different texts where they could be names, else 0."""
    if not pd.api.types.is_string_dtype(texts) or not len(texts) or len(texts) < 0.5 * rows:
        return 0.0
    plain = texts.str.strip()
    words = float(plain.str.contains(r"[^\W\d]{3,}", regex=True).mean())
    several = float(plain.str.contains(r"[^\W\d]{2,}\S*\s+\S", regex=True).mean())
    links = float(plain.str.contains(r"://|@\S+\.", regex=True).mean())
    brief = float(plain.str.len().median()) <= _LONGEST_TITLE
    different = float(plain.nunique() / len(plain))
    fits = words > 0.8 and several > _SEVERAL and links < 0.1 and brief and different > 0.7
    return different if fits else 0.0

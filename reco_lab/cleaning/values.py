"""Values: ratings, quantities, amounts."""

from typing import Literal

import numpy as np
import pandas as pd

from reco_lab.cleaning.cleaned import Cleaned, Mask, distinct, spread
from reco_lab.core.errors import DataError

LARGEST = 1e12
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_DECIMAL = r"[+-]?\d+,\d+"
_THREE = r"[+-]?\d{1,3}(?:,\d{3})+"
_CONTINENTAL = r"[+-]?\d{1,3}(?:\.\d{3})+,\d+"
_ENGLISH = r"[+-]?\d{1,3}(?:,\d{3})+\.\d+"


def clean_values(column: pd.Series, decimal: Literal[".", ","] | None = None) -> Cleaned:
    """Turn texts into float64; what is no finite number of at most 1e12 is refused.

    A decimal comma is understood where the column shows it. Where it only holds numbers such as 1,234,
    which could be either, DataError asks for `decimal`.
    """
    codes, texts = distinct(column)
    bare = texts.str.strip()
    mark = decimal or _mark(bare, str(column.name))
    plain = (
        bare.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        if mark == ","
        else bare.str.replace(",", "", regex=False).where(_like(bare, f"{_ENGLISH}|{_THREE}"), bare)
    )
    numeric = _like(plain, _NUMBER)
    numbers = pd.to_numeric(plain.where(numeric), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    special = bare.str.lower().isin(["nan", "inf", "-inf", "+inf", "infinity", "-infinity"])
    bad = np.isnan(numbers)
    refused: dict[str, Mask] = {
        "has no value": codes < 0,
        "has a value that is not finite": spread(codes, special),
        "has a value that is no number": spread(codes, bad & ~special.to_numpy(bool)),
        f"has a value beyond {LARGEST:g}": spread(codes, np.abs(np.nan_to_num(numbers)) > LARGEST),
    }
    values = np.append(numbers, np.nan)[codes]
    note = "numbers with a decimal comma" if mark == "," else "numbers"
    return Cleaned(pd.Series(values, column.index, name=column.name), refused, note=note)


def _mark(texts: pd.Series, name: str) -> str:
    commas = texts[texts.str.contains(",", regex=False, na=False)]
    if commas.empty or _like(commas, _ENGLISH).any():
        return "."
    if (_like(commas, _CONTINENTAL) | (_like(commas, _DECIMAL) & ~_like(commas, _THREE))).any():
        return ","
    if _like(commas, _THREE).any():
        raise DataError(
            f"Column {name!r} has values such as {commas.iloc[0]!r}: a decimal comma, or thousands?",
            fix="Say which decimal mark the column uses.",
        )
    return "."


def _like(texts: pd.Series, pattern: str) -> pd.Series:
    return texts.str.fullmatch(pattern).fillna(value=False).astype(bool)

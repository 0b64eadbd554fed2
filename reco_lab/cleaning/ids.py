"""Ids: one rule for files, SQL, API and erasure."""

import re
import unicodedata

import numpy as np
import pandas as pd

from reco_lab.cleaning.cleaned import Cleaned, Mask, count, distinct, spread
from reco_lab.core.errors import InputError
from reco_lab.core.interactions import LONGEST_ID

_NOT_PLAIN = r"[^\x21-\x7E]"
_CONTROL = "[\x00-\x1f\x7f-\x9f]"
_HALVES = re.compile("[\ud800-\udfff]")


def canonical_id(text: str) -> str:
    """The one spelling of an id: composed (NFC) and trimmed. '1', '1.0' and '01' stay three ids."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text.strip()).strip()


def spelled(column: pd.Series) -> pd.Series:
    """A column of ids, each in its one spelling; missing ones stay missing."""
    odd = column.str.contains(_NOT_PLAIN, regex=True, na=False).to_numpy(bool)
    return column.where(~odd, column[odd].map(canonical_id).astype("str")) if odd.any() else column


def one_id(text: str, what: str) -> str:
    """The one spelling of a single id, by the rule that `clean_ids` has for columns.

    Raises InputError, which never repeats the id. `what` names the thing: "customer", "item".
    """
    id_ = canonical_id(text)
    if not id_:
        raise InputError(f"The {what} id is empty.")
    if len(id_) > LONGEST_ID:
        raise InputError(f"The {what} id has more than {LONGEST_ID} characters.")
    if not id_.isprintable() and (re.search(_CONTROL, id_) or _HALVES.search(id_)):
        raise InputError(f"The {what} id has control characters.")
    return id_


def clean_ids(column: pd.Series, what: str) -> Cleaned:
    """Bring ids to their one spelling.

    Missing ids, ids of more than 256 characters and ids with control characters are refused. `what` names
    the thing in the reasons: "customer", "item".
    """
    codes, texts = distinct(column)
    ids = spelled(texts)
    empty = (ids == "").to_numpy(bool)
    control = ids.str.contains(_CONTROL, regex=True).to_numpy(bool) if len(ids) else empty
    long = (ids.str.len() > LONGEST_ID).to_numpy(bool)
    refused: dict[str, Mask] = {
        f"has no {what} id": (codes < 0) | spread(codes, empty),
        f"has control characters in the {what} id": spread(codes, control),
        f"has {'an' if what == 'item' else 'a'} {what} id of more than {LONGEST_ID} characters": spread(
            codes, long
        ),
    }
    changed = count(codes, (ids != texts).to_numpy(bool) & ~empty)
    mended = {f"{what} ids trimmed or their accents composed": changed} if changed else {}
    values = pd.Series(ids.array.take(np.maximum(codes, 0)) if len(ids) else column.array, column.index)
    return Cleaned(values, refused, mended)

"""Personal data: what it looks like, and the pseudonym that stands for it."""

import hashlib
import hmac
import re
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.ids import canonical_id

_PREFIX = "p_"
_PSEUDONYM = re.compile(rf"{_PREFIX}[0-9a-f]{{32}}")
_EMAIL = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
_PHONE = r"(?:\+|00)\d[\d ()./-]{6,18}\d|\(?0\d{1,5}\)?[ /-]\d[\d -]{4,}\d|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}"
_BARE_PHONE = r"\+?\d{7,15}"
_NAME = r"[A-ZÀ-Þ][\w'’-]+,?(?: [A-ZÀ-Þ][\w.'’-]*){1,3}"
_MOSTLY = 0.5
_NEARLY_ALL = 0.8


def pseudonym(key: bytes, id_: str) -> str:
    """The pseudonym of an id: HMAC-SHA-256 of its one spelling under the workspace's key, 128 bits of it.

    A pseudonym stands for itself.
    """
    if id_.startswith(_PREFIX) and _PSEUDONYM.fullmatch(id_):
        return id_
    mac = _keyed(key).copy()
    mac.update(canonical_id(id_).encode("utf-8", "surrogatepass"))
    return _PREFIX + mac.hexdigest()[:32]


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> hmac.HMAC:
    """The MAC of nothing yet: to begin with a copy of it takes half the time."""
    return hmac.new(key, digestmod=hashlib.sha256)


def personal_kind(texts: pd.Series, called: str = "") -> str:
    """Which of "email", "phone" and "name" most of these texts are; empty where they are none.

    `called` is what the column's name means, if it means one of the three: then less proof is needed.
    """
    bare = texts.dropna().str.strip()
    if bare.empty:
        return ""
    if _share(bare, _EMAIL) > _MOSTLY:
        return "email"
    if _share(bare, f"{_PHONE}|{_BARE_PHONE}" if called == "phone" else _PHONE) > _MOSTLY:
        return "phone"
    names = _share(bare, _NAME) > _NEARLY_ALL and bare.str.contains(r"\d", regex=True).mean() < 0.05
    letters = called == "name" and bare.str.fullmatch(r"[^\W\d_][\w .'’-]*").mean() > _NEARLY_ALL
    return "name" if names or letters else ""


def addresses(texts: pd.Series) -> NDArray[np.bool_]:
    """Which of these texts are e-mail addresses; a missing one is none."""
    return texts.str.strip().str.fullmatch(_EMAIL).fillna(value=False).to_numpy(bool)


def _share(texts: pd.Series, pattern: str) -> float:
    return float(texts.str.fullmatch(pattern).mean())

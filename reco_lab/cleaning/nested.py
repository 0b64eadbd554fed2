"""Lists in cells, as profiles hold them: a few words become one text, lists of things are counted."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

MARK = "; "
_MOSTLY = 0.9
_OUTER = "[]"


def without_lists(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table with texts or counts in place of JSON lists, and what was done, in sentences.

    A list of words or numbers becomes "a; b", an empty one nothing; a list of objects becomes their number. A column
    that holds other things in more than a tenth of its cells stays as it is.
    """
    changed: dict[str, pd.Series] = {}
    notes = []
    for name in frame.columns:
        texts = pd.Series(frame[name].dropna().unique(), dtype="str")
        lists = {text: found for text in texts if isinstance(found := _list(text), list)}
        if not lists or len(lists) < _MOSTLY * len(texts):
            continue
        things = any(isinstance(one, dict | list) for found in lists.values() for one in found)
        changed[name] = _written(frame[name], lists, things=things)
        how = "counted" if things else f"written as one text, parted by {MARK.strip()!r}"
        notes.append(f"{name!r} holds lists: {how}.")
    return frame.assign(**changed), tuple(notes)


def _list(text: str) -> Any:
    bare = text.strip()
    if not (bare.startswith(_OUTER[0]) and bare.endswith(_OUTER[1])):
        return None
    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        return None


def _written(column: pd.Series, lists: Mapping[str, list[Any]], *, things: bool) -> pd.Series:
    texts = {
        text: str(len(found)) if things else MARK.join(map(_word, found)) or None
        for text, found in lists.items()
    }
    return column.map(lambda text: texts.get(text, text), na_action="ignore").astype("str")


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)

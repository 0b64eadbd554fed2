"""Values as TOML that reads back to the same values: Python reads this format but does not write it."""

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def pair(key: str, value: Any) -> str:
    """A line "key = value" for texts, numbers, truths, lists and tables of these; None within a table is left out."""
    return f"{key if _BARE.fullmatch(key) else _text(key)} = {_literal(value)}"


def _literal(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(pair(key, one) for key, one in value.items() if one is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(one) for one in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

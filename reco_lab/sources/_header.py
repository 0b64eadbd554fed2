"""Whether the first row of a table names its columns, decided by looking, with the reason in words."""

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")
_NAME = re.compile(r"[^\W\d][\w\s.:()#/%-]{0,80}")
_MOSTLY = 0.95


def has_header(rows: Sequence[Sequence[str]]) -> tuple[bool, str]:
    """Compare the first row with the others: a difference of type in a column speaks for a header."""
    first, rest = rows[0], rows[1:]
    kinds = [_kind(cell) for cell in first]
    if not rest:
        named = "number" not in kinds and all(_NAME.fullmatch(cell.strip()) for cell in first)
        return named, "there is only one row, and it reads like names" if named else "there is only one row"
    columns = [[row[position] for row in rest if row[position].strip()] for position in range(len(first))]
    against = 0
    for cell, kind, column in zip(first, kinds, columns, strict=True):
        usual = _usual(column)
        if usual == "number" and kind in {"word", "code"}:
            return True, f"the first row says {cell.strip()!r} where the other rows have numbers or dates"
        if usual == "code" and kind == "word":
            return True, f"the first row says {cell.strip()!r} where the other rows have codes"
        against += usual is not None and kind == usual
    if against:
        return False, "the first row looks like all the others"
    return _words_only(first, columns)


def _words_only(first: Sequence[str], columns: Sequence[Sequence[str]]) -> tuple[bool, str]:
    again = next((cell for cell, column in zip(first, columns, strict=True) if cell in column), None)
    if again is not None:
        return False, f"{again!r} of the first row comes back further down"
    distinct = len(set(first)) == len(first)
    if distinct and all(_NAME.fullmatch(cell.strip()) for cell in first):
        return True, "the first row reads like names, but this is not certain"
    return False, "the first row does not read like names"


def _kind(cell: str) -> str:
    text = cell.strip()
    if not text:
        return "empty"
    if _NUMBER.fullmatch(text) or _DATE.fullmatch(text):
        return "number"
    return "code" if any(char.isdigit() for char in text) else "word"


def _usual(column: Sequence[str]) -> str | None:
    kinds = [_kind(cell) for cell in column]
    if not kinds:
        return None
    numbers = kinds.count("number")
    if numbers >= _MOSTLY * len(kinds):
        return "number"
    return "code" if numbers + kinds.count("code") >= _MOSTLY * len(kinds) else None

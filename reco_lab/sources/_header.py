"""Which first rows of a table name its columns, decided by looking, with the reason in words."""

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")
_NAME = re.compile(r"[^\W\d][\w\s.:()#/%?'&,-]{0,80}")
_MISSING = {"", "-", "?", ".", "na", "n/a", "nan", "null", "none", "nil", "unknown", "missing"}
_MOSTLY = 0.95
MOST_HEADER_ROWS = 4


def header_rows(rows: Sequence[Sequence[str]]) -> tuple[int, str]:
    """How many rows at the top name the columns: none, one, or several that are to be joined."""
    found, why = has_header(rows)
    if not found:
        return 0, why
    count = 1
    while count < MOST_HEADER_ROWS and count < len(rows) - 1 and _names_too(rows, count):
        count += 1
    return count, why if count == 1 else f"the first {count} rows hold names, the others values"


def certain(why: str) -> bool:
    """Whether the reason for a header is that values below its names are of another kind."""
    return "where the other rows have" in why or "rows hold names" in why


def joined_names(rows: Sequence[Sequence[str]]) -> list[str]:
    """The names that several header rows give, from top to bottom."""
    return [" ".join(part.strip() for part in column if part.strip()) for column in zip(*rows, strict=True)]


def _names_too(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether the row at this place is another row of names: the one above again, or unlike every value below."""
    row = rows[at]
    if list(row) == list(rows[at - 1]):
        return True
    unlike = 0
    for cell, *column in zip(row, *rows[at + 1 :], strict=True):
        usual, kind = _usual([one for one in column if one.strip()]), _kind(cell)
        if kind == "number" or (kind == usual == "code") or (cell.strip() and cell in column):
            return False
        unlike += usual in {"number", "code"} and kind == "word" and cell.strip().lower() not in _MISSING
    return unlike >= 2


def has_header(rows: Sequence[Sequence[str]]) -> tuple[bool, str]:
    """Compare the first row with the others: a difference of type in a column speaks for a header."""
    first, rest = rows[0], rows[1:]
    kinds = [_kind(cell) for cell in first]
    if not rest:
        named = not {"number", "empty"} & set(kinds)
        return named, "there is only one row, and it holds no number" if named else "there is only one row"
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
    named, why = _words_only(first, columns)
    if (
        kinds[0] == "empty"
        and _usual(columns[0])
        and {"word", "code"} & set(kinds)
        and "comes back" not in why
    ):
        return True, "the first row begins with a gap where the other rows have numbers or codes"
    return named, why


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

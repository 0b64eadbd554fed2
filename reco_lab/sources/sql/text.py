"""Values of a database as text that says exactly what was stored."""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

NoneType = type(None)


def as_text(values: Sequence[Any]) -> list[str | None]:
    """A column's values as text: numbers with all their digits, times as ISO 8601, bytes as hexadecimal digits."""
    kinds = set(map(type, values))
    if kinds <= {str, NoneType}:
        return list(values)
    if kinds == {int}:
        return list(map(str, values))
    return [None if value is None else _one(value) for value in values]


def _one(value: Any) -> str:
    return _WAYS.get(type(value), _other)(value)


def _float(value: float) -> str:
    return "" if value != value else repr(value)  # noqa: PLR0124 - NaN alone differs from itself


def _decimal(value: Decimal) -> str:
    return format(value, "f") if value.is_finite() else ""


def _moment(value: dt.datetime) -> str:
    return value.isoformat(sep=" ")


def _bytes(value: bytes | bytearray | memoryview) -> str:
    return bytes(value).hex()


def _nested(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _other(value: Any) -> str:
    return str(value)


_WAYS: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    bool: lambda value: "true" if value else "false",
    float: _float,
    Decimal: _decimal,
    dt.datetime: _moment,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    list: _nested,
    tuple: _nested,
    dict: _nested,
}

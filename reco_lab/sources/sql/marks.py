"""How far a column of a query was read, so that the next reading begins where this one ended."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reco_lab.core.errors import DataError
from reco_lab.sources.sql.text import as_text

_KINDS: Mapping[str, tuple[type, Callable[[str], Any]]] = {
    "whole": (int, int),
    "number": (float, float),
    "exact": (Decimal, Decimal),
    "moment": (datetime, datetime.fromisoformat),
    "day": (date, date.fromisoformat),
    "text": (str, str),
}


@dataclass(frozen=True)
class Mark:
    """The newest value of a column, and of what kind it is; digests of the rows that share it.

    `below` counts the rows with less than that.
    """

    kind: str
    value: str
    ties: Sequence[str]
    below: int

    @classmethod
    def at(cls, value: Any, ties: Sequence[str], below: int) -> "Mark":
        """The mark at a value as the database gave it. DataError for one that has no order to go by."""
        kind = next((name for name, (one, _) in _KINDS.items() if type(value) is one), None)
        if kind is None:
            raise DataError(
                "This column is neither a number nor a time nor a text.",
                where="The query",
                fix="Go by another column, such as a number or a time that grows.",
            )
        return cls(kind, as_text([value])[0] or "", tuple(ties), below)

    def bound(self) -> Any:
        """The value as it is bound to a query."""
        return _KINDS[self.kind][1](self.value)

    def known(self) -> dict[str, int]:
        """How many rows of each digest were read at the newest value."""
        return dict(Counter(self.ties))


def digest(row: Sequence[Any]) -> str:
    """What tells a row apart from others with the same newest value."""
    return hashlib.sha256(repr(tuple(row)).encode("utf-8", "backslashreplace")).hexdigest()[:16]

"""Stored values as dataclasses, also by a process that is older than what wrote them."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

Kind = TypeVar("Kind")


def known(kind: type[Kind], told: Mapping[str, Any]) -> Kind:
    """Make a dataclass of values as they were stored; what a newer version added to them is passed over.

    Raises TypeError where a value is missing that the dataclass has no default for.
    """
    names = _names(cast("Any", kind))
    return kind(**{name: value for name, value in told.items() if name in names})


@cache
def _names(kind: Any) -> frozenset[str]:
    return frozenset(one.name for one in fields(kind))

"""Whom a campaign is for, as segments joined by and, or, not."""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Mask = NDArray[np.bool_]
Members = Callable[[str], Mask]


class _Term(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Everyone(_Term):
    """All customers."""

    kind: Literal["everyone"] = "everyone"


class InSegment(_Term):
    """The members of one saved segment."""

    kind: Literal["segment"] = "segment"
    segment: str


class AllOf(_Term):
    """Who is in all of these."""

    kind: Literal["all"] = "all"
    parts: tuple["Who", ...] = Field(min_length=1, max_length=20)


class AnyOf(_Term):
    """Who is in at least one of these."""

    kind: Literal["any"] = "any"
    parts: tuple["Who", ...] = Field(min_length=1, max_length=20)


class Without(_Term):
    """Who is not in this."""

    kind: Literal["not"] = "not"
    part: "Who"


Who = Annotated[Everyone | InSegment | AllOf | AnyOf | Without, Field(discriminator="kind")]
for _kind in (AllOf, AnyOf, Without):
    _kind.model_rebuild()


def mask_of(who: Who, members: Members, customers: int) -> Mask:
    """Which customers (by code) the term means; `members` answers for one segment."""
    if isinstance(who, InSegment):
        return members(who.segment)
    if isinstance(who, AllOf):
        return np.asarray(np.logical_and.reduce([mask_of(part, members, customers) for part in who.parts]))
    if isinstance(who, AnyOf):
        return np.asarray(np.logical_or.reduce([mask_of(part, members, customers) for part in who.parts]))
    if isinstance(who, Without):
        return ~mask_of(who.part, members, customers)
    return np.ones(customers, np.bool_)


def segments_of(who: Who) -> Iterator[str]:
    """The segments that a term names."""
    if isinstance(who, InSegment):
        yield who.segment
    elif isinstance(who, AllOf | AnyOf):
        for part in who.parts:
            yield from segments_of(part)
    elif isinstance(who, Without):
        yield from segments_of(who.part)


def in_words(who: Who, title: Callable[[str], str]) -> str:
    """The term as a person says it: "Champions and not Newcomers"."""
    if isinstance(who, InSegment):
        return title(who.segment)
    if isinstance(who, Without):
        return f"not {_bracketed(who.part, title)}"
    if isinstance(who, AllOf | AnyOf):
        joined = " and " if isinstance(who, AllOf) else " or "
        return joined.join(_bracketed(part, title) for part in who.parts)
    return "everyone"


def _bracketed(who: Who, title: Callable[[str], str]) -> str:
    words = in_words(who, title)
    return f"({words})" if isinstance(who, AllOf | AnyOf) and len(who.parts) > 1 else words

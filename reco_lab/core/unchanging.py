"""Classes whose fields are set once, for the path that every answer takes."""

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import TypeVar, dataclass_transform

Kind = TypeVar("Kind")


@dataclass_transform(eq_default=False, frozen_default=True, field_specifiers=(field, Field))
def unchanging(*, eq: bool = False) -> Callable[[type[Kind]], type[Kind]]:
    """Make a class a dataclass that the type checker holds to be frozen.

    To freeze it at run time too would make it three times as slow to create, and each answer creates ten of them.
    """
    return dataclass(eq=eq)

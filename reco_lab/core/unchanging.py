"""Classes whose fields are set once, for the path that every answer takes."""

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any, Generic, Self, TypeVar, dataclass_transform, overload

Kind = TypeVar("Kind")
Value = TypeVar("Value")


@dataclass_transform(eq_default=False, frozen_default=True, field_specifiers=(field, Field))
def unchanging(*, eq: bool = False) -> Callable[[type[Kind]], type[Kind]]:
    """Make a class a dataclass that the type checker holds to be frozen.

    To freeze it at run time too would make it three times as slow to create, and each answer creates ten of them.
    """
    return dataclass(eq=eq)


class once(Generic[Value]):  # noqa: N801 - used like property
    """A property that is computed when it is first asked for.

    Like functools' cached_property without its lock, which takes longer than what is computed here; two threads that
    ask at the same time may both compute it.
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute, self._name, self.__doc__ = compute, compute.__name__, compute.__doc__

    @overload
    def __get__(self, one: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, one: object, owner: type | None = None) -> Value: ...

    def __get__(self, one: Any, owner: type | None = None) -> Value | Self:
        """The value, from now on an ordinary attribute; of the class the property itself."""
        if one is None:
            return self
        value: Value = self._compute(one)
        one.__dict__[self._name] = value
        return value

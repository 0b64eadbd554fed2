"""Loops that numpy cannot express, compiled by numba: imported by the fit that needs them, never by the package."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(signature: str, *, fastmath: bool = False) -> Callable[[Loop], Loop]:
    """Compile a function for these types; the machine code is kept on disk, and it runs beside other threads.

    A division by zero gives what numpy gives: a model that diverges ends in scores that are no numbers.
    """
    return cast(
        "Callable[[Loop], Loop]",
        numba.njit(signature, cache=True, nogil=True, fastmath=fastmath, error_model="numpy"),
    )


def steps() -> list[Callable[[], Any]]:
    """What compiles each module of this folder when it is called, so that nobody waits for it at a click."""
    names = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    return [partial(importlib.import_module, name) for name in names]

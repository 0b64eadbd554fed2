"""Loops that numpy cannot express, compiled by numba: imported by the fit that needs them, never by the package."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(signature: str, *, fastmath: bool = False) -> Callable[[Loop], Loop]:
    """Compile a function for these types; the machine code is kept on disk, and it runs beside other threads."""
    return cast("Callable[[Loop], Loop]", numba.njit(signature, cache=True, nogil=True, fastmath=fastmath))


def load() -> None:
    """Import every module of this folder, so that nobody waits for a compiler at a click."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")

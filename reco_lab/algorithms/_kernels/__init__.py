"""Compiled loops, a file a family: imported by the fit that needs them, never by the package."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any


def steps() -> list[Callable[[], Any]]:
    """What compiles each module of this folder when it is called, so that nobody waits for it at a click."""
    names = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    return [partial(importlib.import_module, name) for name in names]

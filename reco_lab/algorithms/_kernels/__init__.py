"""Inner loops that numpy cannot write: compiled once for a machine, kept in numba's cache, free of the interpreter."""

from functools import partial
from importlib import import_module
from pkgutil import iter_modules

import numba

compiled = partial(numba.njit, cache=True, nogil=True)


def load() -> None:
    """Compile every kernel, or read it from the cache, so that no click waits for it."""
    for module in iter_modules(__path__, f"{__name__}."):
        import_module(module.name)

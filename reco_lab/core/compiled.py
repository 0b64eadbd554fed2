"""Loops that numpy cannot express, compiled by numba: the one place that knows it.

Kernels live in `_kernels` folders and are imported by the call that needs them, never by the package.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(signature: str, *, fastmath: bool = False, brief: bool = False) -> Callable[[Loop], Loop]:
    """Compile a function for these types; the machine code is kept on disk, and it runs beside other threads.

    A `brief` one does not: it takes microseconds, and letting others in would take it longer.

    A division by zero gives what numpy gives: a model that diverges ends in scores that are no numbers.
    """
    return cast(
        "Callable[[Loop], Loop]",
        numba.njit(signature, cache=True, nogil=not brief, fastmath=fastmath, error_model="numpy"),
    )

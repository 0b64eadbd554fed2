"""Loops that numpy cannot express, compiled by numba: the one place that knows it.

Kernels live in `_kernels` folders and are imported by the call that needs them, never by the package.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import cgutils, types
from numba.extending import intrinsic

READ_KEEP_DATA = 0, 3, 1

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(
    signature: str | list[str], *, fastmath: bool = False, brief: bool = False
) -> Callable[[Loop], Loop]:
    """Compile a function for these types; the machine code is kept on disk, and it runs beside other threads.

    A `brief` one does not: it takes microseconds, and letting others in would take it longer.

    A division by zero gives what numpy gives: a model that diverges ends in scores that are no numbers.
    """
    return cast(
        "Callable[[Loop], Loop]",
        numba.njit(signature, cache=True, nogil=not brief, fastmath=fastmath, error_model="numpy"),
    )


def _prefetch(_context: Any, array: Any, place: Any) -> Any:
    """Ask the processor to fetch what lies at this place of an array, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        ir, tools = cast("Any", cgutils).ir, cast("Any", cgutils)
        kind = signature.args[0]
        found = context.make_array(kind)(context, builder, arguments[0])
        pointer = tools.get_item_pointer(context, builder, kind, found, [arguments[1]], wraparound=False)
        number = tools.int32_t
        kinds = ir.FunctionType(ir.VoidType(), [tools.voidptr_t, number, number, number])
        fetch = tools.get_or_insert_function(builder.module, kinds, "llvm.prefetch.p0")
        numbers = [ir.Constant(number, value) for value in READ_KEEP_DATA]
        builder.call(fetch, [builder.bitcast(pointer, tools.voidptr_t), *numbers])
        return context.get_dummy_value()

    return types.void(array, place), generate


prefetch = cast("Callable[[Any, Any], None]", intrinsic(_prefetch))

"""The canonical order of a log, by sorting packed numbers a few customers at a time."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part")
Result = TypeVar("Result")
_FEW = 1 << 16
_BITS = 64
_AT_ONCE = 2
_STEPS = (1_000_000, 1_000, 1)  # times are often whole seconds or milliseconds


def side_by_side(work: Callable[[Part], Result], parts: Iterable[Part], rows: int) -> list[Result]:
    """What `work` makes of each part, two at a time where there are many rows."""
    if rows < _FEW:
        return list(map(work, parts))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, parts))


def arranged(keys: Sequence[NDArray[Any]], beside: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Columns of at most 2^32 rows, sorted by the `keys` in turn, equal rows as they come; those `beside` come along.

    The first key are codes (int32, from 0), the second are whole numbers or times. Needs 4 bytes a row beside
    the result.
    """
    codes, columns = keys[0], [*keys, *beside]
    bits = int(codes.max(initial=0)).bit_length()
    groups = (codes >> (max(bits - 8, 0) if len(codes) >= _FEW else bits)).astype(np.uint8)
    places = np.argsort(groups, kind="stable").astype(np.uint32)
    edges = np.searchsorted(groups[places], np.arange(int(groups.max(initial=0)) + 2))
    result = [np.empty_like(column) for column in columns]

    def arrange(edge: tuple[int, int]) -> None:
        rows = places[slice(*edge)]
        if len(rows):
            parts = [column.take(rows) for column in columns]
            order = _order(parts[: len(keys)])
            for target, part in zip(result, parts, strict=True):
                part.take(order, out=target[slice(*edge)], mode="clip")

    side_by_side(arrange, pairwise(edges.tolist()), len(codes))
    return result


def latest(keys: NDArray[np.int64]) -> NDArray[np.intp]:
    """The last place of each number, in the order of the numbers."""
    if (keys[1:] > keys[:-1]).all():
        return np.arange(len(keys))
    order = np.argsort(keys, kind="stable")
    found = keys[order]
    return np.asarray(order[np.append(found[1:] != found[:-1], True)])


def _order(keys: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
    """Sorts by the first two keys at once, packed into 64 bits if they fit, then what is equal in these."""
    first, then = keys[0] - keys[0].min(), _steps(keys[1])
    size, width = (len(first) - 1).bit_length(), int(then.max()).bit_length()
    if int(first.max()).bit_length() + width + size <= _BITS:
        packed = first.astype(np.uint64) << np.uint64(width + size)
        packed |= then.astype(np.uint64) << np.uint64(size)
        packed |= np.arange(len(first), dtype=np.uint64)
        packed.sort()
        order: NDArray[np.intp] = (packed & np.uint64((1 << size) - 1)).astype(np.intp)
        packed >>= np.uint64(size)
        same = packed[1:] == packed[:-1]
    else:
        order = np.lexsort((then, first))
        same = (np.diff(first[order]) == 0) & (np.diff(then[order]) == 0)
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    some = order[tied]
    order[tied] = some[np.lexsort((some, *(key[some] for key in keys[::-1])))]
    return order


def _steps(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """The numbers from their least on, in the largest unit that all are whole numbers of."""
    apart = numbers.astype(np.int64)
    apart -= apart.min()
    step = next(one for one in _STEPS if (apart // one * one == apart).all())
    return np.asarray(apart // step, np.int64)

"""The canonical order of a log, by sorting packed numbers a few customers at a time."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]
_FEW = 1 << 16
_BITS = 64
_STEPS = (1_000_000, 1_000, 1)  # whole seconds, whole milliseconds, microseconds


def canonical_order(
    users: NDArray[np.int32],
    times: NDArray[np.int64] | None,
    items: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    values: NDArray[np.float32],
) -> Rows:
    """The rows sorted by user, time, item, kind and value, equal rows as they come; needs 8 bytes a row."""
    if len(users) < _FEW:
        moments = np.zeros(len(users), np.int64) if times is None else times
        return np.lexsort((values, kinds, items, moments, users))
    second, step, lowest = (items, 1, 0) if times is None else (times, *_step(times))
    shift = max(int(users.max()).bit_length() - 8, 0)
    groups = (users >> shift).astype(np.uint8)
    order = np.argsort(groups, kind="stable")
    edges = np.concatenate(([0], np.cumsum(np.bincount(groups, minlength=1))))
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        rows = order[start:stop]
        if not len(rows):
            continue
        then = (second[rows] - lowest) // step if step > 1 else second[rows] - lowest
        local, tied = _sorted(users[rows], then)
        rows = rows[local]
        if len(tied):
            some = rows[tied]
            rest = () if times is None else (times[some],)
            rows[tied] = some[np.lexsort((some, values[some], kinds[some], items[some], *rest, users[some]))]
        order[start:stop] = rows
    return order


def _step(times: NDArray[np.int64]) -> tuple[int, int]:
    """The largest unit that all times are whole numbers of, and the first of them."""
    lowest = int(times.min())
    apart = times - lowest
    whole = (step for step in _STEPS if (apart[:_FEW] // step * step == apart[:_FEW]).all())
    return next(step for step in whole if step == 1 or (apart // step * step == apart).all()), lowest


def _sorted(users: NDArray[np.int32], then: NDArray[np.signedinteger]) -> tuple[Rows, Rows]:
    """The order by user and second key, and the places in it of rows that are equal in both."""
    first = users - users.min()
    size = (len(users) - 1).bit_length()
    width = int(then.max()).bit_length()
    if int(first.max()).bit_length() + width + size <= _BITS:
        keys = first.astype(np.uint64) << np.uint64(width + size)
        keys |= then.astype(np.uint64) << np.uint64(size)
        keys |= np.arange(len(users), dtype=np.uint64)
        keys.sort()
        order = (keys & np.uint64((1 << size) - 1)).astype(np.intp)
        same = keys[1:] >> np.uint64(size) == keys[:-1] >> np.uint64(size)
    else:
        order = np.lexsort((then, users))
        same = (users[order[1:]] == users[order[:-1]]) & (then[order[1:]] == then[order[:-1]])
    return order, np.flatnonzero(np.append(same, False) | np.append(False, same))

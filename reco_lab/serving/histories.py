"""What each customer did, as it is now: the history the model learnt from, and what websites told since."""

from bisect import insort
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.batch import UNKNOWN, UserBatch
from reco_lab.core.clock import microseconds
from reco_lab.core.interactions import Interactions, Kind

MOST_LIVE = 2_000
_PURCHASE = np.uint8(Kind.purchase)  # comparing with the enum itself takes numpy three times as long


@dataclass(frozen=True, order=True, slots=True)
class _Live:
    """One interaction told by a website: when, which item (code), what, and how much."""

    at: np.datetime64
    item: int
    kind: int
    value: float = field(compare=False)


class Histories:
    """Customers by code or name with the interactions of the data set and the live ones, in time order.

    The vocabulary of items only grows: an item that the data set does not know gets the next code, which
    models pass over until they are trained anew. Of each customer the latest MOST_LIVE live ones count: more
    than that is a robot, or an id that many share, and every answer would wait for all of it.
    """

    def __init__(self, log: Interactions) -> None:
        self._log = log
        self._starts = log.user_starts
        self._codes = np.arange(UNKNOWN, len(log.user_ids), dtype=np.int32)
        self._users = {str(id_): code for code, id_ in enumerate(log.user_ids.tolist())}
        self._items = {str(id_): code for code, id_ in enumerate(log.item_ids.tolist())}
        self._live: dict[str, list[_Live]] = {}

    @property
    def n_items(self) -> int:
        """How many items have a code by now."""
        return len(self._items)

    def code(self, *names: str) -> int:
        """The code of the customer who goes by one of these names; UNKNOWN for a stranger."""
        for name in names:
            if (code := self._users.get(name)) is not None:
                return code
        return UNKNOWN

    def item(self, id_: str) -> int:
        """The code of an item, a new one if nobody knew it."""
        return self._items.setdefault(id_, len(self._items))

    def add(self, name: str, item_id: str, kind: Kind, at: datetime, value: float) -> None:
        """Put an interaction into a customer's history where its time belongs."""
        live = self._live.setdefault(name, [])
        insort(live, _Live(_moment(at), self.item(item_id), int(kind), value))
        if len(live) > MOST_LIVE:
            del live[0]

    def forget(self, name: str) -> None:
        """Drop what was told live of a customer."""
        self._live.pop(name, None)

    def batch(
        self, code: int, name: str, *, now: datetime | None = None, attributes: pd.DataFrame | None = None
    ) -> UserBatch:
        """One customer with her whole history as it is now."""
        log = self._log
        rows = slice(int(self._starts[code]), int(self._starts[code + 1])) if code >= 0 else slice(0)
        items, values, kinds = log.items[rows], log.values[rows], log.kinds[rows]
        times = None if log.times is None else log.times[rows]
        if live := self._live.get(name):
            items = np.append(items, np.array([one.item for one in live], np.int32))
            values = np.append(values, np.array([one.value for one in live], np.float32))
            kinds = np.append(kinds, np.array([one.kind for one in live], np.uint8))
            if times is not None:
                times = np.append(times, np.array([one.at for one in live], times.dtype))
                items, values, kinds, times = _in_time(items, values, kinds, times)
        return UserBatch(
            codes=self._codes[code - UNKNOWN : code - UNKNOWN + 1],
            indptr=np.array([0, len(items)]),
            items=items,
            values=values,
            kinds=kinds,
            times=times,
            as_of=None if now is None else _moment(now),
            attributes=attributes,
        )

    def bought(self, batch: UserBatch) -> NDArray[np.int32]:
        """The items a customer bought, as far as the log knows purchases."""
        return np.asarray(batch.items[batch.kinds == _PURCHASE])


def _moment(at: datetime) -> np.datetime64:
    return np.datetime64(microseconds(at), "us")  # of a datetime itself numpy would need ten times as long


def _in_time(
    items: NDArray[np.int32],
    values: NDArray[np.float32],
    kinds: NDArray[np.uint8],
    times: NDArray[np.datetime64],
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.uint8], NDArray[np.datetime64]]:
    if (times[1:] >= times[:-1]).all():
        return items, values, kinds, times
    order = np.argsort(times, kind="stable")
    return items[order], values[order], kinds[order], times[order]

"""Do customers come back, after how long, and for the same things?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reco_lab.analysis.view import View, audience, blocks
from reco_lab.analysis.visits import bought_of


@dataclass(frozen=True)
class Repeats:
    """`returning` of `customers` were active on two days or more, with `gap` days between visits (median).

    Of `rows` (purchases less returns where there are any: `purchases`), `again` repeat a customer and an item that were
    together before.
    """

    customers: int
    returning: int | None
    gap: float | None
    rows: int
    again: int
    purchases: bool


def repeats(view: View) -> Repeats:
    """Count who came back and what was taken again."""
    rows, purchases = bought_of(view.log)
    pairs = view.audience if rows is view.log else audience(rows)
    returning, gap = _visits(view) if view.days is not None else (None, None)
    return Repeats(
        customers=len(view.per_customer),
        returning=returning,
        gap=gap,
        rows=len(rows),
        again=len(rows) - int(pairs.sum()),
        purchases=purchases,
    )


def _visits(view: View) -> tuple[int, float | None]:
    starts = view.log.user_starts
    came = starts[:-1][np.diff(starts) > 0]
    returning = int((np.add.reduceat(view.visits, came, dtype=np.int32) > 1).sum())
    gathered = np.cumsum(_gaps(view.log.users, view.dated))
    return returning, float(np.searchsorted(gathered, gathered[-1] / 2)) if gathered[-1] else None


def _gaps(users: NDArray[np.int32], days: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many times so many days (the place) lay between two visits of a customer."""
    counts = np.zeros(int(days.max() - days.min()) + 1, np.int64)
    for rows in blocks(len(days)):
        apart = np.diff(days[rows])
        counts += np.bincount(apart[(np.diff(users[rows]) == 0) & (apart > 0)], minlength=len(counts))
    return counts

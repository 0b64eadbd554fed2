"""How long histories are: interactions per customer and per item."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis.view import View

EDGES = (1, 2, 3, 6, 11, 21, 51, 101, 201, 501, 1001)


@dataclass(frozen=True, eq=False)
class Histories:
    """The spread of a count over its owners: `bins` has `label` and `owners`; `largest` is the largest owner's share."""

    bins: pd.DataFrame
    owners: int
    once: int
    median: float
    mean: float
    most: int
    largest: float


def per_customer(view: View) -> Histories:
    """Interactions per active customer."""
    return _spread(view.per_customer)


def per_item(view: View) -> Histories:
    """Interactions per item that was touched."""
    return _spread(view.per_item[view.per_item > 0])


def _spread(counts: NDArray[np.int64]) -> Histories:
    used = np.searchsorted(EDGES, int(counts.max()), side="right")
    owners = np.bincount(np.searchsorted(EDGES, counts, side="right") - 1, minlength=used)
    return Histories(
        bins=pd.DataFrame({"label": [_label(place) for place in range(used)], "owners": owners}),
        owners=len(counts),
        once=int((counts == 1).sum()),
        median=float(np.median(counts)),
        mean=float(counts.mean()),
        most=int(counts.max()),
        largest=float(counts.max() / counts.sum()),
    )


def _label(place: int) -> str:
    if place + 1 == len(EDGES):
        return f"over {EDGES[place] - 1:,}"
    low, high = EDGES[place], EDGES[place + 1] - 1
    return f"{low}" if low == high else f"{low:,}–{high:,}"

"""How much of the activity falls on how few items."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reco_lab.analysis.view import View

POINTS = 200
FEW = 5


@dataclass(frozen=True, eq=False)
class LongTail:
    """`curve` has `items` and `rows`: the share of interactions that the most popular share of items takes.

    `top_share` is that of the most popular fifth; `for_most` items carry 80 %; `few` items have fewer than
    five interactions; `never` are in the catalogue and were not touched. `gini` is 0 where all items are
    alike and near 1 where one takes all; untouched items are left out.
    """

    curve: pd.DataFrame
    items: int
    never: int
    top: int
    top_share: float
    for_most: int
    few: int
    gini: float


def long_tail(view: View) -> LongTail:
    """Order the items by their rows and add them up."""
    counts = np.sort(view.per_item[view.per_item > 0])[::-1]
    n = len(counts)
    gathered = np.concatenate([[0], np.cumsum(counts)]) / counts.sum()
    at = np.unique(np.linspace(0, n, min(n, POINTS) + 1).round().astype(int))
    top = max(1, round(n / 5))
    ranks = np.arange(1, n + 1)
    gini = float((n + 1 - 2 * (counts * ranks).sum() / counts.sum()) / n)
    return LongTail(
        curve=pd.DataFrame({"items": at / n, "rows": gathered[at]}),
        items=n,
        never=len(view.per_item) - n,
        top=top,
        top_share=float(gathered[top]),
        for_most=int(np.searchsorted(gathered, 0.8 - 1e-12)),
        few=int((counts < FEW).sum()),
        gini=gini,
    )

"""Which price bands customers choose, beside what the catalogue offers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reco_lab.analysis.view import View
from reco_lab.core.catalogue import prices as known_prices

BANDS = 5
FEWEST = 10


@dataclass(frozen=True, eq=False)
class PriceBands:
    """`bands` has low, high, items, rows, item_share, share: fifths of the catalogue by price, as far as it has distinct ones.

    `priced` is the share of interactions whose item has a price; `median` is the middle price of an interaction.
    """

    bands: pd.DataFrame
    priced: float
    median: float


def price_bands(view: View) -> PriceBands | None:
    """Cut the catalogue by price; None where fewer than ten items have one or all cost the same."""
    found = known_prices(view.data)
    if found is None:
        return None
    known = np.isfinite(found)
    edges = np.unique(np.quantile(found[known], np.linspace(0, 1, BANDS + 1)))
    rows = view.per_item[known]
    if known.sum() < FEWEST or len(edges) < 3 or not rows.sum():
        return None
    place = np.clip(np.searchsorted(edges, found[known], side="right") - 1, 0, len(edges) - 2)
    table = pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "items": np.bincount(place, minlength=len(edges) - 1),
            "rows": np.bincount(place, rows, len(edges) - 1).astype(np.int64),
        }
    )
    table["item_share"] = table["items"] / table["items"].sum()
    table["share"] = table["rows"] / table["rows"].sum()
    order = np.argsort(found[known], kind="stable")
    middle = np.searchsorted(np.cumsum(rows[order]), rows.sum() / 2)
    return PriceBands(table, float(rows.sum() / view.per_item.sum()), float(found[known][order][middle]))

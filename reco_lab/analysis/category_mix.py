"""Which categories the activity falls on, beside their share of the catalogue."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reco_lab.analysis.view import View


@dataclass(frozen=True, eq=False)
class CategoryMix:
    """`mix` has category, items, rows, share (of interactions), item_share, index (share / item_share), largest first.

    Both shares are of what has a category; `unknown` is the share of all interactions whose item has none. Where an item may be in `several` categories it counts in each, so that shares add up to more than 1.
    """

    mix: pd.DataFrame
    several: bool
    unknown: float


def category_mix(view: View) -> CategoryMix | None:
    """Add up the rows of each category; None where no categories are known."""
    pairs = view.categories
    if pairs is None:
        return None
    counts = view.per_item
    grouped = pairs.assign(rows=counts[pairs["item"]]).groupby("category")["rows"].agg(["size", "sum"])
    mix = grouped.rename(columns={"size": "items", "sum": "rows"}).reset_index()
    known = pairs["item"].unique()
    mix["share"] = mix["rows"] / max(1, counts[known].sum())
    mix["item_share"] = mix["items"] / len(known)
    mix["index"] = mix["share"] / mix["item_share"]
    mix = mix[mix["rows"] > 0].sort_values(["rows", "category"], ascending=[False, True], ignore_index=True)
    return CategoryMix(mix, len(known) < len(pairs), 1 - float(np.sum(counts[known]) / counts.sum()))

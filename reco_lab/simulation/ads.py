"""The ads of the shop and the true chance that they are clicked."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reco_lab.simulation.catalogue import Catalogue, Codes, Floats, numbered
from reco_lab.simulation.spec import Shop

ADS_STREAM = 5
OPENINGS = ("New season", "Back in stock", "Customers' favourite", "Only this week", "Made to last")
FATIGUE = 0.85
ITEM_LIKING = 0.45


@dataclass(frozen=True, eq=False)
class Ads:
    """The ads, in the order of their ids.

    `table` is what the shop knows (index: ad id). `promoted` is the item code each ad is for, `appeal` how
    much the ad itself draws, on the log-odds scale.
    """

    table: pd.DataFrame
    promoted: Codes
    appeal: Floats

    def __len__(self) -> int:
        return len(self.promoted)

    def take(self, ads: Codes) -> "Ads":
        """Only these ads, in this order."""
        return Ads(self.table.iloc[ads], self.promoted[ads], self.appeal[ads])

    def click_chance(self, liking: Floats, attention: Floats, seen: Codes) -> Floats:
        """The chance of a click, from the liking of the promoted item, the slot's attention and earlier views.

        All of them are broadcast against the ads, which are the last axis.
        """
        drawn = 1 / (1 + np.exp(-(self.appeal + ITEM_LIKING * liking)))
        chance: Floats = drawn * attention * FATIGUE**seen
        return chance


def make_ads(spec: Shop, catalogue: Catalogue) -> Ads:
    """Compose the ads of a shop: each promotes one item that is there from the start."""
    rng = spec.rng(ADS_STREAM)
    early = np.flatnonzero(catalogue.added <= 0)
    promoted = rng.permutation(np.resize(early[rng.permutation(len(early))], spec.ads))
    opening = np.array(OPENINGS)[(rng.random(spec.ads) * len(OPENINGS)).astype(np.int64)]
    goods = catalogue.table.iloc[promoted]
    table = pd.DataFrame(
        {
            "headline": [f"{word}: {title}" for word, title in zip(opening, goods["title"], strict=True)],
            "item": goods.index,
            "category": goods["category"].to_numpy(),
            "cost_per_click": np.round(0.08 + 0.5 * rng.random(spec.ads), 2),
        },
        index=numbered("A", spec.ads, "ad"),
    )
    return Ads(table, promoted, -3.2 + 0.5 * rng.standard_normal(spec.ads))

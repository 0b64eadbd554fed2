"""The catalogue: believable goods, and what only the simulator knows about them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.simulation.assortment import BRANDS, GOODS, STYLES
from reco_lab.simulation.spec import Shop

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

CATALOGUE_STREAM = 1
SEASONS = tuple(season for season in ("winter", "spring", "summer", "autumn") for _ in range(3))
PRICE_SPREAD = 0.35
STYLE_SPREAD = 0.55


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The items, in the order of their ids.

    `table` is what a shop knows (index: item id). The arrays have one row an item: `goods` and `brand` are
    codes, `dearness` the log of its price against its kind's, `style` items x styles, `quality` what makes
    it popular with everybody, `added` the day it arrives (0 or less: there from the start), `lasts` in days.
    """

    table: pd.DataFrame
    goods: Codes
    brand: Codes
    dearness: Floats
    style: Floats
    quality: Floats
    added: Codes
    lasts: Floats

    def __len__(self) -> int:
        return len(self.goods)


def make_catalogue(spec: Shop) -> Catalogue:
    """Compose the catalogue of a shop; the same specification gives the same one."""
    rng, n = spec.rng(CATALOGUE_STREAM), spec.items
    goods = np.sort(np.arange(n) % len(GOODS))
    brand = (rng.random(n) ** 1.3 * len(BRANDS)).astype(np.int64)
    dearness = PRICE_SPREAD * rng.standard_normal(n)
    style = STYLE_SPREAD * rng.standard_normal((n, len(STYLES)))
    quality = 0.4 * rng.standard_normal(n)
    added = np.where(rng.random(n) < 0.78, 0, (rng.random(n) * spec.days).astype(np.int64))
    lasts = np.array([kind.lasts for kind in GOODS], np.float64)[goods] * np.exp(
        0.15 * rng.standard_normal(n)
    )
    price = np.floor(np.array([kind.price for kind in GOODS])[goods] * np.exp(dearness)) + 0.9
    margin = np.round(0.18 + 0.4 * rng.random(n), 2)
    table = pd.DataFrame(
        {
            "title": _titles(goods, brand),
            "description": _descriptions(goods, style),
            "category": [GOODS[code].category for code in goods],
            "subcategory": [GOODS[code].name for code in goods],
            "brand": np.array(BRANDS)[brand],
            "price": price,
            "margin": margin,
            "season": [_season(GOODS[code].peak) for code in goods],
            "consumable": lasts > 0,
            "added": spec.moment(0) + added.astype("timedelta64[D]"),
        },
        index=numbered("P", n, "item"),
    )
    return Catalogue(table, goods, brand, dearness, style, quality, added, lasts)


def numbered(letter: str, n: int, name: str) -> pd.Index:
    """Ids from letter + 00001 on, wide enough that their order as text is their order as numbers."""
    width = max(5, len(str(n)))
    return pd.Index([f"{letter}{number:0{width}d}" for number in range(1, n + 1)], name=name, dtype="str")


def _titles(goods: Codes, brand: Codes) -> list[str]:
    """Noun, brand and a model number that counts up within both."""
    number = pd.Series(1, index=range(len(goods))).groupby([goods, brand]).cumsum()
    return [
        f"{GOODS[kind].noun} {BRANDS[name]} {model}"
        for kind, name, model in zip(goods, brand, number, strict=True)
    ]


def _descriptions(goods: Codes, style: Floats) -> list[str]:
    """A sentence that names the three strongest of the item's styles: all that a text model can know of them."""
    words = np.where(style < 0, np.array(STYLES)[:, 1], np.array(STYLES)[:, 0])
    strongest = np.take_along_axis(words, np.argsort(-np.abs(style), axis=1)[:, :3], axis=1)
    return [
        f"{GOODS[kind].noun}: {first}, {second}, {third}."
        for kind, (first, second, third) in zip(goods, strongest.tolist(), strict=True)
    ]


def _season(peak: int) -> str:
    return SEASONS[peak % 12 // 3 * 3] if peak else "all year"

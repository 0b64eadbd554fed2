"""A name in words for each group of customers: what sets it apart from all others most."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORDS = {
    "visits": ("occasional", "loyal"),
    "recency": ("here lately", "long away"),
    "spent": ("small spenders", "big spenders"),
    "basket_size": ("small baskets", "large baskets"),
    "variety": ("few categories", "many categories"),
    "weekend": ("weekdays", "weekends"),
    "evening": ("daytime", "evenings"),
    "price_level": ("low price", "high price"),
}
MIDDLE = {"price_level": "mid price", "spent": "mid spenders"}
CLEAR = 0.35
LONGEST = 3


def names(profile: NDArray[np.float64], traits: Sequence[str]) -> list[str]:
    """Name each row of groups x traits (in standard deviations from everyone): different rows, different names.

    Up to three words of what stands out most; more where two groups would be called the same.
    """
    words = [_ranked(row, traits) for row in profile]
    lengths = [min(LONGEST, max(1, sum(clear for _, clear in row))) for row in words]
    for _ in range(len(traits)):
        found = [
            ", ".join(word for word, _ in row[:length]) for row, length in zip(words, lengths, strict=True)
        ]
        seen = Counter(found)
        lengths = [length + (seen[name] > 1) for name, length in zip(found, lengths, strict=True)]
    found = [", ".join(word for word, _ in row[:length]) for row, length in zip(words, lengths, strict=True)]
    return [
        name if found.count(name) == 1 else f"{name} ({found[:place].count(name) + 1})"
        for place, name in enumerate(found)
    ]


def _ranked(row: NDArray[np.float64], traits: Sequence[str]) -> list[tuple[str, bool]]:
    """A word for each trait, the most telling first, with whether it is clear; all average is said as such."""
    order = np.argsort(-np.abs(row), kind="stable")
    ranked = [(_word(traits[place], float(row[place])), abs(row[place]) >= CLEAR) for place in order]
    if ranked and ranked[0][1]:
        return ranked
    return [("like everyone", True), *ranked]


def _word(trait: str, away: float) -> str:
    if trait in WORDS:
        low, high = WORDS[trait]
        return MIDDLE[trait] if trait in MIDDLE and abs(away) < CLEAR / 2 else (high if away > 0 else low)
    name, equals, level = trait.partition(" = ")
    if not equals:
        return f"{'high' if away > 0 else 'low'} {name}"
    return level if away > 0 else f"not {level}"

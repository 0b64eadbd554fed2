"""Look at segments: how many are in them, what they are worth, what sets them apart, where they overlap."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis.measured import Measured
from reco_lab.analysis.membership import mask, said
from reco_lab.analysis.rfm import NAMES, SLIPPING, RfmTable, grid, meaning
from reco_lab.analysis.traits import SMALLEST, Trait, Traits, is_measured, traits
from reco_lab.core.conditions import Attribute
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, InputError
from reco_lab.core.features import TAG_SEPARATOR
from reco_lab.core.segment import Definition, rules
from reco_lab.core.words import count, share

__all__ = [
    "NAMES", "SMALLEST", "Look", "RfmTable", "Shop", "Trait", "choices_of", "class_of", "grid", "headline_of", "is_measured", "know", "look", "meaning",
    "overlaps", "people",
]  # fmt: skip


MOST_CHOICES = 1000


@dataclass(frozen=True, eq=False)
class Shop:
    """What is known of all customers of a data set before any segment is looked at.

    `known` remembers what rules asked of the customers. `table` is None, and `lack` says why, where nobody
    can say who bought lately.
    """

    known: Measured
    table: RfmTable | None
    lack: str
    traits: Traits


@dataclass(frozen=True, eq=False)
class Look:
    """A segment on the data at hand: who is in it, what they are worth, what sets them apart.

    `spend_share` is their share of all money (of all purchases where money is not known), `recency` the middle
    number of days since a purchase, `frequency` the mean of days with one; None where that cannot be known.
    `hidden` says why nothing is told of a segment so small that its customers could be recognised, `lack` why
    these data cannot answer its rule: nobody is in it then.
    """

    inside: NDArray[np.bool_]
    spend: float | None = None
    spend_share: float | None = None
    recency: float | None = None
    frequency: float | None = None
    traits: tuple[Trait, ...] = ()
    hidden: str = ""
    lack: str = ""

    @property
    def size(self) -> int:
        """How many are in it."""
        return int(self.inside.sum())

    @property
    def share(self) -> float:
        """Which share of all customers that is."""
        return self.size / max(1, len(self.inside))


def know(data: Dataset) -> Shop:
    """Measure all customers of a data set once."""
    known = Measured(data)
    try:
        table, lack = known.rfm, ""
    except DataError as error:
        table, lack = None, str(error)
    return Shop(known, table, lack, traits(data))


def look(shop: Shop, definition: Definition) -> Look:
    """Compute a segment and look at it."""
    try:
        inside = mask(shop.known, definition)
    except InputError as error:
        return Look(np.zeros(shop.known.data.interactions.n_users, np.bool_), lack=str(error))
    size = int(inside.sum())
    if size < SMALLEST:
        small = f"Fewer than {SMALLEST} customers: each could be recognised, so nothing more is told of them."
        return Look(inside, hidden=small if size else "")
    asked = frozenset(rule.column for _, rule in rules(definition) if isinstance(rule, Attribute))
    found = shop.traits.apart(inside, asked)
    table = shop.table
    if table is None:
        return Look(inside, traits=found)
    spend, all_of = float(table.monetary[inside].sum()), float(table.monetary.sum())
    buying = inside & table.buyers
    return Look(
        inside,
        spend=spend if table.money else None,
        spend_share=spend / all_of if all_of else None,
        recency=float(np.median(table.recency[buying])) if buying.any() else None,
        frequency=float(table.frequency[inside].mean()),
        traits=found,
    )


def class_of(shop: Shop, code: int) -> str:
    """The class of recency, frequency and money of one customer; empty where she never bought or it cannot be told."""
    place = -1 if shop.table is None else int(shop.table.codes[code])
    return NAMES[place] if place >= 0 else ""


def people(shop: Shop, inside: NDArray[np.bool_]) -> pd.DataFrame:
    """The members as a table to take away: customer, and where known days since a purchase, days with one, spend, class."""
    frame = pd.DataFrame({"customer": shop.known.data.interactions.user_ids[inside]})
    table = shop.table
    if table is None:
        return frame
    frame["days_since_last_purchase"] = pd.Series(table.recency[inside]).astype("Int64")
    frame["days_with_a_purchase"] = table.frequency[inside].astype(np.int64)
    frame["spend" if table.money else "purchases"] = table.monetary[inside].round(2)
    names = np.array([*NAMES, "no purchase"], dtype=object)
    frame["rfm_class"] = names[table.codes[inside]]
    return frame


def choices_of(column: pd.Series) -> list[str]:
    """The values of a column that a rule can ask for, the most frequent first."""
    counts = column.dropna().value_counts()
    words = pd.Series(counts.to_numpy(), [said(cell) for cell in counts.index]).groupby(level=0).sum()
    single: dict[str, int] = {}
    for cell, number in words.items():
        for word in str(cell).split(TAG_SEPARATOR):
            single[word.strip()] = single.get(word.strip(), 0) + int(number)
    return sorted(single, key=lambda word: (-single[word], word))[:MOST_CHOICES]


def overlaps(masks: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.float64]:
    """How alike segments are, each against each: customers in both over customers in either (Jaccard)."""
    some = np.array(list(masks.values()), np.float64).reshape(len(masks), -1)
    both = some @ some.T
    sizes = np.diag(both)
    either = sizes[:, None] + sizes[None, :] - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


def headline_of(customers: int, table: RfmTable | None) -> str:
    """Who the customers are, in one sentence."""
    if table is None:
        return count(customers, "customer")
    classes = table.classes.set_index("name")
    parts = []
    if "champions" in classes.index:
        some, much = (float(classes[name]["champions"]) for name in ("share", "spend_share"))
        parts.append(f"{share(some)} are champions and bring {share(much)} of the {table.what}")
    slipping = float(classes["share"].reindex(list(SLIPPING)).sum())
    parts.append(f"{share(slipping)} are slipping away")
    buyers = int(table.buyers.sum())
    who = count(buyers, "customer") + ("" if buyers == customers else " who bought")
    return f"{who}: {', '.join(parts)}"

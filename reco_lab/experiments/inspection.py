"""What there is to know of a split before anything is trained on it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PartFacts:
    """One part of a split: its size, its time range, and how unequally its rows fall on the items (Gini, 0 to 1)."""

    name: str
    rows: int
    customers: int
    items: int
    gini: float
    first: np.datetime64 | None = None
    last: np.datetime64 | None = None


@dataclass(frozen=True)
class Repeats:
    """How many pairs of customer and item stand in both of two parts."""

    parts: tuple[str, str]
    pairs: int


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a split leaves, what leaks and what it can answer.

    Of the `test_rows`, `cold_rows` belong to customers without a history at the cut, `unknown_item_rows` are of
    items nobody knew there, `repeated_rows` repeat a pair from before. `warm_customers` have a history (or the
    split asks everyone) and a row that counts. Of the `learned_rows`, `later_rows` happened after the first test
    row, and `own_later_rows` after the first test row of their own customer. `agreement` is Kendall's tau between
    the popularity before the test and in it, of the items learned from: 1 is the same order, 0 none in common. A
    small test agrees less and looks more concentrated by chance alone: `chance_agreement` and `chance_gini` are
    what a test of as many rows shows that is drawn from the rows learned from.
    """

    name: str
    parts: tuple[PartFacts, ...]
    test_rows: int
    test_customers: int
    warm_customers: int
    cold_customers: int
    cold_rows: int
    test_items: int
    cold_items: int
    unknown_item_rows: int
    repeated_rows: int
    learned_rows: int
    later_rows: int
    own_later_rows: int
    agreement: float | None
    chance_agreement: float | None
    chance_gini: float
    repeats: tuple[Repeats, ...]
    repeats_count: bool
    asks_everyone: bool
    sampled: bool
    findings: tuple[str, ...] = ()
    recommendation: str = ""

    @property
    def cold_share(self) -> float:
        """Which share of the test rows belongs to customers without a history."""
        return self.cold_rows / self.test_rows

    @property
    def unknown_item_share(self) -> float:
        """Which share of the test rows nobody could predict: their items were not known at the cut."""
        return self.unknown_item_rows / self.test_rows

    @property
    def later_share(self) -> float:
        """Which share of the rows learned from happened after the first test row."""
        return self.later_rows / self.learned_rows

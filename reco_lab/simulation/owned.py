"""What each customer bought, and when last: all that a shop's future needs of its past."""

from dataclasses import dataclass

import numpy as np

from reco_lab.simulation.catalogue import Codes


@dataclass(frozen=True, eq=False)
class Owned:
    """Pairs customer * n_items + item, sorted and distinct, with the day of the last purchase of each."""

    n_items: int
    pairs: Codes
    last: Codes

    @classmethod
    def nothing(cls, n_items: int) -> "Owned":
        """Before anybody bought anything."""
        return cls(n_items, np.zeros(0, np.int64), np.zeros(0, np.int64))

    def has(self, customers: Codes, items: Codes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether each of these customers owns the item beside them."""
        wanted = customers * self.n_items + items
        place = np.searchsorted(self.pairs, wanted).clip(max=max(len(self.pairs) - 1, 0))
        return self.pairs[place] == wanted if len(self.pairs) else np.zeros(len(wanted), bool)

    def of(self, customers: Codes) -> tuple[Codes, Codes, Codes]:
        """Everything these customers own: row in `customers`, item, day of the last purchase."""
        starts = np.searchsorted(self.pairs, customers * self.n_items)
        lengths = np.searchsorted(self.pairs, (customers + 1) * self.n_items) - starts
        rows = np.repeat(np.arange(len(customers)), lengths)
        places = np.arange(len(rows)) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
        return rows, self.pairs[places] % self.n_items, self.last[places]

    def after(self, customers: Codes, items: Codes, day: int) -> "Owned":
        """What is owned after these purchases of a day."""
        bought = np.unique(customers * self.n_items + items)
        again = np.isin(bought, self.pairs, assume_unique=True)
        last = self.last.copy()
        last[np.searchsorted(self.pairs, bought[again])] = day
        new = bought[~again]
        places = np.searchsorted(self.pairs, new)
        return Owned(self.n_items, np.insert(self.pairs, places, new), np.insert(last, places, day))

"""The size of a log: who, what, how much, from when to when, and how full the table of customers by items is."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from reco_lab.analysis.periods import as_date
from reco_lab.analysis.view import View
from reco_lab.core.interactions import Kind


@dataclass(frozen=True, eq=False)
class Profile:
    """Counts of one view.

    `customers` and `items` were active in it, `pairs` is how many different (customer, item) pairs it has, and
    `kinds` has `kind` and `rows`, most frequent first.
    """

    rows: int
    customers: int
    items: int
    catalogue: int
    pairs: int
    first: date | None
    last: date | None
    kinds: pd.DataFrame

    @property
    def density(self) -> float:
        """The share of the pairs of active customers and items that happened."""
        return self.pairs / (self.customers * self.items)

    @property
    def days(self) -> int:
        """How many days the log spans, both ends included; 0 without times."""
        return (self.last - self.first).days + 1 if self.first and self.last else 0


def profile(view: View) -> Profile:
    """Count."""
    found = view.tables.ask("select kind, count(*) as rows from log group by kind order by rows desc")
    names = [Kind(int(code)).name for code in found["kind"]]
    return Profile(
        rows=len(view.log),
        customers=len(view.per_customer),
        items=int((view.per_item > 0).sum()),
        catalogue=view.log.n_items,
        pairs=int(view.audience.sum()),
        first=as_date(view.span[0]) if view.span else None,
        last=as_date(view.span[1]) if view.span else None,
        kinds=pd.DataFrame({"kind": names, "rows": found["rows"].to_numpy(np.int64)}),
    )

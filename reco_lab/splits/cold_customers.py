from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits._parts import checked, held_out_customers


class ColdCustomers(Splitter):
    """Holds out whole customers and shows only their first rows, or none: how well does a model start?"""

    label = "Cold customers"
    summary = (
        "New customers: they are kept from the models altogether, and only their very first interactions are shown, "
        "or none at all. Everything after judges. With none, only models that look at what is known of a customer "
        "(age, region...) or show everybody the same can answer; the others score 0."
    )

    share: float = tunable(
        0.2, 0.01, 0.9, help="Share of the customers who judge; active and quiet ones alike."
    )
    validation: float = tunable(
        0.2, 0.01, 0.9, help="Share of the other customers who choose the champion, in the same way."
    )
    shown: int = tunable(1, 0, 50, help="How many of a new customer's first interactions are shown.")

    whole_moments: bool = tunable(
        True,
        help="Rows of the same moment (a basket) are shown together or judge together. Off, they may be parted.",
    )

    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:
        """One cut in which everyone is asked, with or without a history; drawn rows where times are not known.

        A customer with no more rows than are shown has nothing to be judged by. A first basket with more rows
        is shown whole.
        """
        cut = held_out_customers(
            self.label,
            data,
            (self.share, self.validation),
            lambda lengths: (lengths - self.shown).clip(0),
            rng,
            shows=self.shown > 0,
            whole_moments=self.whole_moments,
        )
        yield checked(replace(cut, asks_everyone=not self.shown))

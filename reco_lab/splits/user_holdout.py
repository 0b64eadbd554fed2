from collections.abc import Iterator

import numpy as np

from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits._parts import checked, held_out_customers, share_of


class UserHoldout(Splitter):
    """Holds out whole customers; part of their rows is shown as history, the rest judges (strong generalisation)."""

    label = "Held-out customers"
    summary = (
        "Some customers are kept from the models altogether. When the exam comes, part of their history is shown and "
        "the rest judges: can a recommender serve people it was not trained on? Models that know only their own "
        "customers score 0 here."
    )

    share: float = tunable(
        0.2, 0.01, 0.9, help="Share of the customers who judge; active and quiet ones alike."
    )
    validation: float = tunable(
        0.2, 0.01, 0.9, help="Share of the other customers who choose the champion, in the same way."
    )
    shown: float = tunable(
        0.8,
        0.1,
        0.9,
        help="Share of a held-out customer's rows that is shown: the earliest, or drawn where times are not known.",
    )

    whole_moments: bool = tunable(
        True,
        help="Rows of the same moment (a basket) are shown together or judge together. Off, they may be parted.",
    )

    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:
        """One cut. A held-out customer always shows one row; with only that one nothing is left to judge by."""
        yield checked(
            held_out_customers(
                self.label,
                data,
                (self.share, self.validation),
                lambda lengths: share_of(lengths, 1 - self.shown),
                rng,
                whole_moments=self.whole_moments,
            )
        )

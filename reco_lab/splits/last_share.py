from collections.abc import Iterator

import numpy as np

from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits._parts import cut_last, share_of


class LastShare(Splitter):
    """Cuts off the last share of each customer's rows."""

    label = "Last share per customer"
    summary = (
        "The last share of each customer's rows judges, the same share of those before chooses the champion. "
        "Everybody is tested; other customers' later rows may still be learned from."
    )
    needs_times = True

    share: float = tunable(0.2, 0.01, 0.9, help="Share of each customer's rows that judges, rounded up.")

    whole_moments: bool = tunable(
        True,
        help="Rows of the same moment (a basket) stay on one side. Off, they are parted by item id, as in published figures.",
    )

    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:  # noqa: ARG002 - part of the contract
        """One cut that leaves each customer at least one row to learn from."""
        yield cut_last(
            self.label, data, lambda lengths: share_of(lengths, self.share), whole_moments=self.whole_moments
        )

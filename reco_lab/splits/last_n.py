from collections.abc import Iterator

import numpy as np

from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits._parts import cut_last


class LastN(Splitter):
    """Cuts off the last n rows of each customer."""

    label = "Last rows per customer"
    summary = (
        "Each customer's last rows judge, the ones before them choose the champion. Rows of the same "
        "moment (a basket) stay together; other customers' later rows may still be learned from. With one row, and "
        "baskets parted, it is known as leave-one-out."
    )
    needs_times = True

    n: int = tunable(
        1,
        1,
        1000,
        help="How many of each customer's last rows judge; as many before them choose the champion.",
    )

    whole_moments: bool = tunable(
        True,
        help="Rows of the same moment (a basket) stay on one side. Off, they are parted by item id, as in published figures.",
    )

    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:  # noqa: ARG002 - part of the contract
        """One cut that leaves each customer at least one row to learn from."""
        yield cut_last(
            self.label, data, lambda lengths: np.full(len(lengths), self.n), whole_moments=self.whole_moments
        )

from collections.abc import Iterator

import numpy as np

from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits._parts import checked, draw


class RandomRows(Splitter):
    """Cuts by drawing rows at random, whenever they happened."""

    label = "Random rows"
    summary = (
        "A random share of all rows judges the recommenders. Models may learn from the future of what they predict, "
        "so scores are too good for a shop that moves with time; published benchmarks often do this."
    )

    share: float = tunable(0.2, 0.01, 0.9, help="Share of all rows that judge (test).")
    validation: float = tunable(0.2, 0.01, 0.9, help="Share of the other rows that choose the champion.")

    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:
        """One cut: round(share * rows) test rows, then round(validation * others) validation rows."""
        others, test = draw(np.arange(len(data.interactions)), self.share, rng)
        train, validation = draw(others, self.validation, rng)
        yield checked(Split(self.label, data, train, validation, test))

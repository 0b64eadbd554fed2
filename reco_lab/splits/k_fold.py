from collections.abc import Iterator

import numpy as np

from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits._parts import checked, draw


class KFold(Splitter):
    """Cuts the rows at random into folds of equal size, each of which judges once (cross-validation)."""

    label = "Cross-validation"
    summary = (
        "The rows are dealt at random into folds; each fold judges what was learned from the others. Every row is "
        "tested once, at the price of as many fits as there are folds. Pays no heed to time."
    )

    folds: int = tunable(5, 2, 20, help="How many folds.")

    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:
        """One cut a fold; of the other folds' rows a share as large as 1 / folds chooses the champion."""
        dealt = rng.permutation(len(data.interactions)) % self.folds
        for fold in range(self.folds):
            train, validation = draw(np.flatnonzero(dealt != fold), 1 / self.folds, rng)
            name = f"fold {fold + 1} of {self.folds}"
            yield checked(Split(name, data, train, validation, np.flatnonzero(dealt == fold)))

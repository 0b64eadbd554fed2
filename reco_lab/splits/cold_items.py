from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.ranking import Candidates
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits._parts import checked, draw_alike


class ColdItems(Splitter):
    """Holds out whole items: who goes for which of the new ones?"""

    label = "Cold items"
    summary = (
        "New items: some items are kept from the models altogether, and only they may be recommended. Models that "
        "look at what is known of an item (title, category, price...) can tell who might like it; the others can "
        "only guess."
    )

    share: float = tunable(
        0.2, 0.01, 0.9, help="Share of the items that are new in the exam; popular and rare ones alike."
    )
    validation: float = tunable(
        0.2, 0.01, 0.9, help="Share of the other items that choose the champion, in the same way."
    )

    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:
        """One cut. The candidates of each part are its own new items and nothing else.

        Items that models know would crowd the new ones out without telling anything about them: the rows of
        known items all are in the training, so none could be a hit.
        """
        log = data.interactions
        counts = np.bincount(log.items, minlength=log.n_items)
        touched = np.flatnonzero(counts)
        rest, test = draw_alike(touched, counts[touched], self.share, rng)
        _, validation = draw_alike(rest, counts[rest], self.validation, rng)
        of_test, of_validation = np.isin(log.items, test), np.isin(log.items, validation)
        yield checked(
            Split(
                self.label,
                data,
                np.flatnonzero(~of_test & ~of_validation),
                np.flatnonzero(of_validation),
                np.flatnonzero(of_test),
                candidates=_only(test, log.n_items),
                validation_candidates=_only(validation, log.n_items),
            )
        )


def _only(items: NDArray[np.int64], n_items: int) -> Candidates:
    return Candidates(items=np.isin(np.arange(n_items), items))

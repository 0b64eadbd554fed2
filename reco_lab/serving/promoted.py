"""From a model's scores of items to scores of ads, by what each ad promotes."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.recommender import Scores
from reco_lab.serving.loops import loops

Groups = tuple[tuple[NDArray[np.intp], NDArray[np.int32]], ...]


@dataclass(frozen=True, eq=False)
class Promoted:
    """What each ad promotes, for a model of so many items.

    `places` are positions among the items, behind which the best of each category that ads promote stands, and at last
    what stands for no item, also for one the model does not know. `weights` says how many ads promote each but that;
    `members` are the known items of those categories.
    """

    places: NDArray[np.int32]
    weights: NDArray[np.float32]
    members: tuple[NDArray[np.int32], ...]

    @classmethod
    def of(cls, promoted: NDArray[np.int32], categories: Groups, n_items: int) -> Self:
        """From the item each ad is for (a negative code for none), and ads for a category with the items of it."""
        members = [(ads, items[items < n_items]) for ads, items in categories]
        members = [(ads, items) for ads, items in members if len(items)]
        last = n_items + len(members)
        places = np.where((promoted >= 0) & (promoted < n_items), promoted, last).astype(np.int32)
        for number, (ads, _) in enumerate(members):
            places[ads] = n_items + number
        weights = np.bincount(places, minlength=last + 1)[:last].astype(np.float32)
        return cls(places, weights, tuple(items for _, items in members))

    def scores(self, items: Scores, factors: NDArray[np.float32], places: NDArray[np.int32]) -> Scores:
        """For the ads in these places factor times relevance: 0 to 1, and one half for an average ad and one of no item."""
        if self.members:
            items = np.append(items, np.array([items[mine].max() for mine in self.members], np.float32))
        scores = np.empty(len(places), np.float32)
        loops().standing(items, self.weights, self.places, factors, places, scores)
        return scores

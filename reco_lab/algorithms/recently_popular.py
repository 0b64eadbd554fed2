from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.algorithms._shapes import SameForAll
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State

DAY = np.timedelta64(1, "D")


class RecentlyPopular(Recommender):
    """Recommends to everybody what many customers touched of late: a customer counts half as much each half-life."""

    info: ClassVar[Info] = Info(
        label="Recently popular",
        family="baseline",
        summary=(
            "The best-seller list of the last weeks: a purchase counts for less the longer ago it was. Where "
            "fashions and seasons change quickly it beats the all-time list, and it is just as impersonal."
        ),
        paper="Ji, Sun, Zhang, Li: A Re-visit of the Popularity Baseline in Recommender Systems, SIGIR 2020",
        needs=(Need.times,),
    )
    half_life: float = tunable(
        30.0, 0.5, 3650.0, log=True, help="Days after which an interaction counts half as much"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Add up 2^(-age / half-life) of each customer's latest interaction with each item, in days before the last row."""
        self.require(data)
        log = data.interactions
        times = np.asarray(log.times)
        ages: NDArray[np.float64] = (times.max() - times) / DAY
        pairs, places = np.unique(log.users.astype(np.int64) * log.n_items + log.items, return_inverse=True)
        latest = np.full(len(pairs), np.inf)
        np.minimum.at(latest, places, ages)
        scores = np.bincount(pairs % log.n_items, np.exp2(-latest / self.half_life), minlength=log.n_items)
        ctx.report(1.0, "counted")
        return SameForAll(scores)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return SameForAll.from_state(state)

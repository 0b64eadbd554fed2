from typing import ClassVar

from reco_lab.algorithms._shapes import ItemToItem
from reco_lab.algorithms._walks import walked
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State


class P3Alpha(Recommender):
    """Recommends where random walks end: from the history's items to their customers and on to other items."""

    info: ClassVar[Info] = Info(
        label="P3alpha",
        family="graph",
        summary=(
            "Walks at random from what a customer has to others who have it and on to what they have, and recommends "
            "where most walks end. Quick and small; as walks end at best-sellers, so do its lists."
        ),
        paper="Cooper, Lee, Radzik, Siantos: Random Walks in Recommender Systems: Exact Computation and Simulations, WWW Companion 2014",
    )
    neighbours: int = tunable(100, 1, 2000, log=True, help="How many ends of walks are kept for each item")
    alpha: float = tunable(
        1.0, 0.0, 2.0, help="How much a customer with few items, and an item with few customers, says more"
    )
    normalised: bool = tunable(True, help="Whether every item of a history has the same say in all")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Follow all walks of two steps from each item at once."""
        self.require(data)
        return walked(data.interactions.matrix, ctx, beta=0.0, **self.params())

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return ItemToItem.from_state(state)

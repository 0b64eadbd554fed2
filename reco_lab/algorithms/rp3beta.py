from typing import ClassVar

from reco_lab.algorithms._shapes import ItemToItem
from reco_lab.algorithms._walks import walked
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State


class RP3Beta(Recommender):
    """Recommends where random walks end, less so the more popular the end is."""

    info: ClassVar[Info] = Info(
        label="RP3beta",
        family="graph",
        summary=(
            "Walks at random from what a customer has to others who have it and on to what they have, and marks "
            "best-sellers down, where walks end anyway. Quick, small, among the best on sparse shops, and one "
            "knob moves its lists from the popular to the rare."
        ),
        paper="Paudel, Christoffel, Newell, Bernstein: Updatable, Accurate, Diverse, and Scalable Recommendations for Interactive Applications, TiiS 2017",
    )
    neighbours: int = tunable(100, 1, 2000, log=True, help="How many ends of walks are kept for each item")
    alpha: float = tunable(
        1.0, 0.0, 2.0, help="How much a customer with few items, and an item with few customers, says more"
    )
    beta: float = tunable(0.4, 0.0, 2.0, help="How much popular items are marked down")
    normalised: bool = tunable(True, help="Whether every item of a history has the same say in all")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Follow all walks of two steps from each item at once."""
        self.require(data)
        return walked(data.interactions.matrix, ctx, **self.params())

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return ItemToItem.from_state(state)

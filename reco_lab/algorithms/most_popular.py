from typing import ClassVar

from reco_lab.algorithms._shapes import SameForAll
from reco_lab.core.dataset import Dataset
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State


class MostPopular(Recommender):
    """Recommends to everybody what most customers touched: the number of distinct customers of each item."""

    info: ClassVar[Info] = Info(
        label="Most popular",
        family="baseline",
        summary=(
            "The best-seller list: everybody is shown the items that most customers touched, less their own. "
            "It knows nothing of the single customer, so a recommender that does not beat it is not personal."
        ),
        paper="Cremonesi, Koren, Turrin: Performance of Recommender Algorithms on Top-N Tasks, RecSys 2010",
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Count the distinct customers of each item."""
        self.require(data)
        counts = data.interactions.item_counts
        ctx.report(1.0, "counted")
        return SameForAll(counts)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return SameForAll.from_state(state)

from typing import Any, ClassVar

from reco_lab.algorithms._memory import free_bytes, require_memory
from reco_lab.algorithms._pairs import in_parts, together
from reco_lab.algorithms._shapes import ItemToItem
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State

BYTES_AN_ENTRY = 4
TOLERANCE = 1e-5


class Slim(Recommender):
    """Recommends by a sparse linear item-to-item model without negative weights: an elastic net for each item.

    With n customers the weights w of an item x, none of them its own, minimise
    |x - X w|^2 / 2n + alpha l1_ratio |w| + alpha (1 - l1_ratio) |w|^2 / 2, w >= 0. Coordinate descent on X'X
    (covariance updates) over a working set that grows until nothing outside it would take a weight.
    """

    info: ClassVar[Info] = Info(
        label="SLIM",
        family="linear",
        summary=(
            "Learns for each item which few others speak for it, all of them weighed against each other, so "
            "that two that say the same share one voice. About as good as EASE, but its table stays small and "
            "each recommendation names the handful of items it comes from."
        ),
        paper="Ning, Karypis: SLIM: Sparse Linear Methods for Top-N Recommender Systems, ICDM 2011",
    )
    alpha: float = tunable(0.08, 1e-4, 10.0, log=True, help="How strongly weights are held near zero")
    l1_ratio: float = tunable(
        0.01, 1e-5, 1.0, log=True, help="How much of that makes small weights vanish: more of it, fewer items"
    )
    neighbours: int = tunable(200, 1, 2000, log=True, help="How many items each item listens to at most")
    iterations: int = tunable(100, 1, 1000, log=True, help="How many rounds over the weights at most")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Solve one elastic net an item; raises NeedsError where the table of pairs would not fit in memory."""
        from reco_lab.algorithms._kernels import slim

        self.require(data)
        log = data.interactions
        require_memory(self.info.label, BYTES_AN_ENTRY, log.n_items, free_bytes())
        counts = together(log.matrix, ctx.threads)
        ctx.report(0.1, "items counted")
        penalty = self.alpha * log.n_users
        l1, l2 = penalty * self.l1_ratio, penalty * (1 - self.l1_ratio)

        def solve(rows: tuple[int, int], *found: Any) -> None:
            slim.solve(*rows, counts, l1, l2, self.iterations, TOLERANCE, *found)

        weights = in_parts(solve, log.n_items, self.neighbours, ctx).T.tocsr()
        ctx.report(1.0, "solved")
        return ItemToItem(weights)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return ItemToItem.from_state(state)

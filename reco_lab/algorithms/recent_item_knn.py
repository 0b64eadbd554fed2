from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from reco_lab.algorithms._pairs import Range, in_parts
from reco_lab.algorithms._sequences import DAY, Fade, Fading
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Interactions
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class RecentItemKnn(Recommender):
    """Item k-NN with time: items are alike that customers touched soon after one another, and late entries count most.

    A customer who touched two items counts half as much for their likeness with each `pair_half_life` between
    them, and an entry of a history half as much with each `history_half_life` before the customer's latest.
    """

    info: ClassVar[Info] = Info(
        label="Recent item k-NN",
        family="sequence",
        summary=(
            '"Customers who bought this also bought...", with a sense of time: two things bought in one week '
            "belong together more than two bought a year apart, and what a customer did lately says more than "
            "what she did long ago. Good where tastes and needs move on."
        ),
        paper="Ding, Li: Time Weight Collaborative Filtering, CIKM 2005; Liu et al.: Online Evolutionary Collaborative Filtering, RecSys 2010",
        needs=(Need.times,),
    )
    neighbours: int = tunable(100, 1, 2000, log=True, help="How many most similar items each item listens to")
    shrink: float = tunable(10.0, 0.0, 1000.0, help="How much likeness seen only a few times is distrusted")
    pair_half_life: float = tunable(
        365.0,
        0.01,
        3650.0,
        log=True,
        help="Days between two items after which they belong together half as much",
    )
    history_half_life: float = tunable(
        365.0, 0.01, 3650.0, log=True, help="Days after which an entry of a history counts half as much"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Compare every item with every other, some at a time, and keep the nearest."""
        self.require(data)
        from reco_lab.algorithms._kernels import moments

        log = last_days(data.interactions)
        across = log.T.tocsr()
        sizes = np.sqrt(np.diff(across.indptr).astype(np.float64))
        by_item, by_customer = _lists(across), _lists(log)
        extra = self.shrink + 1e-6
        rate: Any = np.float32(1 / self.pair_half_life)

        def search(rows: Range, *found: Any) -> None:
            moments.nearest(*rows, *by_item, *by_customer, rate, sizes, extra, *found)

        weights = in_parts(search, log.shape[1], self.neighbours, ctx).T.tocsr()
        nothing = np.zeros(log.shape[1], np.float32)
        ctx.report(1.0, "compared")
        return Fading(weights, Fade("days", 0.5 ** (1 / self.history_half_life)), nothing, nothing)

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Fading.from_state(state)


def last_days(log: Interactions) -> sparse.csr_matrix:
    """When each customer touched each item for the last time: float32 customers x items, days from the first row on."""
    days = ((np.asarray(log.times) - np.asarray(log.times).min()) / DAY).astype(np.float32)
    pairs = log.users.astype(np.int64) * log.n_items + log.items
    latest = np.zeros(len(log.pairs), np.float32)
    np.maximum.at(latest, np.searchsorted(log.pairs, pairs), days)
    matrix = log.matrix
    return sparse.csr_matrix((latest, matrix.indices, matrix.indptr), shape=matrix.shape)


def _lists(matrix: sparse.csr_matrix) -> tuple[Any, Any, Any]:
    starts, columns = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    return starts, columns, np.asarray(matrix.data, np.float32)

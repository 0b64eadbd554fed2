from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._factors import Factors
from reco_lab.algorithms._like_minded import customer_means, matrix_of
from reco_lab.algorithms._ratings import Biases, Numbers, RatingFactors
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Interactions
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State

Groups = NDArray[np.intp]


class CoClustering(Recommender):
    """Predicts a rating from the groups that customer and item are in, and from how both differ from theirs.

    The model and the rounds are Surprise's, by products of sparse matrices and without cutting half stars off.
    """

    info: ClassVar[Info] = Info(
        label="Co-clustering",
        family="ratings",
        summary=(
            "Sorts customers and items into a few groups at the same time and predicts what one group gives the "
            "other. Coarse but quick, and the groups can be looked at. Its lists favour items that a few people "
            "rated high."
        ),
        paper="George, Merugu: A Scalable Collaborative Filtering Framework Based on Co-clustering, ICDM 2005",
        needs=(Need.ratings,),
        folds_in=False,
        folds_in_why="a customer's group follows from her ratings, and a history alone says what was touched, not how it was rated",
        rates=True,
        seeded=True,
    )
    customer_groups: int = tunable(3, 1, 50, log=True, help="How many groups of customers")
    item_groups: int = tunable(3, 1, 50, log=True, help="How many groups of items")
    epochs: int = tunable(20, 1, 200, log=True, help="How many times everybody is sorted anew")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Sort customers and items in turn until the rounds are over."""
        self.require(data)
        log = data.interactions.ratings
        sizes, rng = (self.customer_groups, self.item_groups), ctx.rng()
        groups = [rng.integers(sizes[0], size=log.n_users), rng.integers(sizes[1], size=log.n_items)]
        usual = customer_means(log).of(log.users) + _item_means(log)[log.items]
        apart, touched = (matrix_of(log, values) for values in (log.values - usual, np.ones(len(log))))
        across = sparse.csr_matrix(apart.T), sparse.csr_matrix(touched.T)
        for epoch in range(self.epochs):
            ctx.report(epoch / (self.epochs + 1), f"round {epoch + 1} of {self.epochs}")
            mine, theirs, both = self._averages(log, groups)
            levels = both - mine[:, None] - theirs
            groups[0] = _nearest(apart, touched, np.eye(sizes[1])[groups[1]], levels)
            groups[1] = _nearest(*across, np.eye(sizes[0])[groups[0]], levels.T)
        scorer = self._scorer(log, groups)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return RatingFactors.from_state(state)

    def _scorer(self, log: Interactions, groups: list[Groups]) -> Scorer:
        """Groups as vectors; strangers get an item's mean, and items nobody rated a customer's."""
        mine, theirs, both = self._averages(log, groups)
        means, loved = customer_means(log), _item_means(log)
        rated = np.bincount(log.users, minlength=log.n_users) > 0
        members = np.eye(self.customer_groups)[groups[0]] * rated[:, None]
        strict = (means.users - mine[groups[0]]) * rated
        vectors = both[:, groups[1]] - theirs[groups[1]] + means.mean
        vectors = np.where(np.bincount(log.items, minlength=log.n_items) > 0, vectors, mine[:, None]).T
        biases = Biases(means.mean, strict, loved - means.mean, means.low, means.high)
        factors = Factors(
            members.astype(np.float32), vectors.astype(np.float32), biases.items.astype(np.float32), rated
        )
        return RatingFactors(biases, factors)

    def _averages(self, log: Interactions, groups: list[Groups]) -> tuple[Numbers, Numbers, Numbers]:
        """The mean rating in each group of customers, of items, and where two meet; of all where there is none."""
        mine, theirs = groups[0][log.users], groups[1][log.items]
        return (
            _mean_by(mine, log, self.customer_groups),
            _mean_by(theirs, log, self.item_groups),
            _mean_by(mine * self.item_groups + theirs, log, self.customer_groups * self.item_groups).reshape(
                self.customer_groups, self.item_groups
            ),
        )


def _item_means(log: Interactions) -> Numbers:
    return _mean_by(log.items, log, log.n_items)


def _mean_by(keys: NDArray[np.integer[Any]], log: Interactions, count: int) -> Numbers:
    values = log.values.astype(np.float64)
    counts = np.bincount(keys, minlength=count)
    return np.where(counts > 0, np.bincount(keys, values, count) / np.maximum(counts, 1), values.mean())


def _nearest(
    apart: sparse.csr_matrix, touched: sparse.csr_matrix, members: Numbers, levels: Numbers
) -> Groups:
    """The group of each row whose `levels` (own groups x other groups) leave the least squared error."""
    errors = (touched @ members) @ (levels**2).T - 2 * (apart @ members) @ levels.T
    return np.asarray(errors.argmin(axis=1), np.intp)

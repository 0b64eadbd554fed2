from collections.abc import Iterator
from typing import ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from reco_lab.algorithms._factors import Factors, HalfStep, Vectors, Weighting
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.ranking import spread
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State

# The slope and the curvature of log(1 + exp(-s)) at s = 0: what one Newton step from no opinion sees.
SLOPE, CURVATURE = 0.5, 0.25
RIDGES = (0.01, 0.03, 0.1, 0.3)
ASKED_FOR_THE_RIDGE = 300
BLOCKS, FEWEST_IN_A_BLOCK = 8, 32

Tile = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], np.uint64]


class BPR(Recommender):
    """Learns vectors so that what a customer touched scores above what she did not.

    Customers and items are cut at random into blocks each round; blocks that share neither run side by side,
    so that the seed fixes the model on any number of threads. Where opponents are drawn by popularity, scores say
    how much more likely a customer takes an item than people in general do; the logarithm of the item's
    popularity is added to its bias to get back to how likely she takes it. A history becomes a vector by one Newton step
    on the same objective with the item vectors fixed, with the ridge and the length that bring the
    customers' vectors nearest to the learnt ones.
    """

    info: ClassVar[Info] = Info(
        label="BPR",
        family="factors",
        summary=(
            "Learns hidden traits from comparisons: this customer took this item, not that one. It aims at the "
            "order of the list rather than at numbers. Each item taken is compared with the best of a few items "
            "drawn by lot, which teaches fastest where the list is decided. Needs more care with its knobs than "
            "iALS."
        ),
        paper=(
            "Rendle et al.: BPR: Bayesian Personalized Ranking from Implicit Feedback, UAI 2009; hard opponents: "
            "Zhang et al.: Optimizing Top-N Collaborative Filtering via Dynamic Negative Item Sampling, SIGIR 2013"
        ),
    )
    factors: int = tunable(64, 1, 512, log=True, help="How many hidden traits")
    learning_rate: float = tunable(
        0.05, 1e-4, 1.0, log=True, help="How far each comparison moves the vectors"
    )
    regularization: float = tunable(
        0.01, 1e-5, 1.0, log=True, help="How strongly the vectors are held near zero"
    )
    epochs: int = tunable(12, 1, 500, log=True, help="How many rounds over all interactions")
    negatives: Literal["uniform", "popular"] = tunable(
        "uniform", help="Whether opponents are drawn from all items alike or more often from popular ones"
    )
    draws: int = tunable(4, 1, 50, log=True, help="How many opponents are drawn; the best of them is used")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Learn the item vectors by comparisons, then each customer's vector by the step that a history takes."""
        self.require(data)
        touched = data.interactions.matrix
        users, items, biases = self._learn(touched, ctx)
        counts = data.interactions.item_counts
        with threadpool_limits(1, "blas"):
            step = _newton_step(users, items, counts / counts.sum(), touched)
            levels = biases + np.log1p(counts) if self.negatives == "popular" else biases
            scorer = Factors.stepped(step, levels.astype(np.float32), touched, ctx.threads)
        ctx.report(1.0, "fitted")
        return scorer

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Factors.from_state(state)

    def _learn(self, touched: sparse.csr_matrix, ctx: FitContext) -> tuple[Vectors, Vectors, Vectors]:
        from reco_lab.algorithms._kernels.bpr import descend

        rng = ctx.rng()
        users, items = (
            (rng.standard_normal((count, self.factors)) * 0.1 / np.sqrt(self.factors)).astype(np.float32)
            for count in touched.shape
        )
        biases = np.zeros(len(items), np.float32)
        indptr, indices = touched.indptr.astype(np.int32), touched.indices.astype(np.int32)
        settings = (self.draws, np.float32(self.learning_rate), np.float32(self.regularization))
        tiles = _Tiles(touched, rng)

        def work(tile: Tile) -> None:
            owners, liked, inside, seed = tile
            pool = inside if self.negatives == "uniform" else liked
            descend(users, items, biases, owners, liked, pool, indptr, indices, seed, *settings)

        for epoch in range(self.epochs):
            ctx.report(epoch / (self.epochs + 1), f"round {epoch + 1} of {self.epochs}")
            for apart in tiles.turn():
                for _ in spread(work, apart, ctx.threads):
                    pass
        return users, items, biases


class _Tiles:
    """The touched pairs in a random order, cut anew each round into tiles of some customers and some items."""

    def __init__(self, touched: sparse.csr_matrix, rng: np.random.Generator) -> None:
        self._shape, self._rng = touched.shape, rng
        self._count = max(1, min(BLOCKS, min(touched.shape) // FEWEST_IN_A_BLOCK))
        owners = np.repeat(np.arange(touched.shape[0], dtype=np.int32), np.diff(touched.indptr))
        order = rng.permutation(len(owners))
        self._owners, self._liked = owners[order], touched.indices[order].astype(np.int32)

    def turn(self) -> Iterator[list[Tile]]:
        """Lists of tiles that share neither customer nor item, over the round together all pairs."""
        count = self._count
        mine, theirs = (self._rng.permutation(size) % count for size in self._shape)
        keys = (mine[self._owners] * count + theirs[self._liked]).astype(np.uint8)
        order = np.argsort(keys, kind="stable")
        starts = np.concatenate(([0], np.cumsum(np.bincount(keys, minlength=count**2))))
        owners, liked = self._owners[order], self._liked[order]
        pools = [np.flatnonzero(theirs == block).astype(np.int32) for block in range(count)]
        seeds = self._rng.integers(1, 2**63, count**2, dtype=np.uint64)
        for shift in range(count):
            yield [
                (owners[rows], liked[rows], pools[tile % count], seeds[tile])
                for tile in (block * count + (block + shift) % count for block in range(count))
                for rows in (slice(starts[tile], starts[tile + 1]),)
            ]


def _newton_step(
    users: Vectors, items: Vectors, popularity: NDArray[np.float64], touched: sparse.csr_matrix
) -> HalfStep:
    """The step from zero whose vectors, stretched to the same length, come nearest to the learnt ones."""
    centre = popularity @ items.astype(np.float64)
    around = items - centre
    spread_out = CURVATURE * (around * popularity[:, None]).T @ around
    some = slice(None, None, max(1, len(users) // ASKED_FOR_THE_RIDGE))
    nearest, best = 0.0, None
    for ridge in RIDGES:
        curved = (items, centre, np.zeros_like(spread_out), spread_out + ridge * np.eye(items.shape[1]))
        weighting = Weighting(CURVATURE)
        steps = HalfStep(*curved, lift=SLOPE - CURVATURE, weighting=weighting).fold(touched[some])
        length = max(float((steps**2).sum()), np.finfo(np.float64).tiny)
        common = float((steps * users[some]).sum())
        if best is None or common / np.sqrt(length) > nearest:
            nearest = common / np.sqrt(length)
            stretch = common / length or 1.0
            best = HalfStep(*curved, lift=stretch * SLOPE - CURVATURE, weighting=weighting)
    return cast("HalfStep", best)

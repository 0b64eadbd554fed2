"""Models learnt a touched and an untouched item at a time: in which order, and how a history becomes a vector."""

from collections.abc import Callable, Iterator
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._factors import HalfStep, Vectors, Weighting
from reco_lab.core.errors import ParameterError
from reco_lab.core.ranking import crew
from reco_lab.core.recommender import FitContext

# The slope and the curvature of log(1 + exp(-s)) at s = 0: what one Newton step from no opinion sees.
SLOPE, CURVATURE = 0.5, 0.25
RIDGES = (0.01, 0.03, 0.1, 0.3)
ASKED_FOR_THE_RIDGE = 300
BLOCKS, FEWEST_IN_A_BLOCK = 8, 32

Tile = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], np.uint64]
Model = tuple[Vectors, Vectors, Vectors]
Lists = tuple[NDArray[np.int32], NDArray[np.int32]]


def descended(
    touched: sparse.csr_matrix, factors: int, epochs: int, ctx: FitContext, step: Callable[..., None]
) -> Model:
    """Learn vectors of customers and of items and the items' biases, tile by tile.

    `step(model, tile, lists)` changes the rows of the tile's customers and items and no others; `lists` are
    the pointers and columns of who touched what. Tiles that share neither run side by side, so that the
    seed fixes the model on any number of threads.
    """
    rng = ctx.rng()
    users, items = (
        (rng.standard_normal((count, factors)) * 0.1 / np.sqrt(factors)).astype(np.float32)
        for count in touched.shape
    )
    model = (users, items, np.zeros(len(items), np.float32))
    lists = (touched.indptr.astype(np.int32), touched.indices.astype(np.int32))
    tiles = Tiles(touched, rng)
    with crew(ctx.threads) as each:
        for epoch in range(epochs):
            ctx.report(epoch / (epochs + 1), f"round {epoch + 1} of {epochs}")
            for apart in tiles.turn():
                for _ in each(lambda tile: step(model, tile, lists), apart):
                    pass
    if not all(np.isfinite(array).all() for array in model):
        raise ParameterError(
            "The vectors grew beyond all bounds: each step overshot the one before.",
            fix="Take a smaller learning rate.",
        )
    return model


class Tiles:
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


def newton_step(
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

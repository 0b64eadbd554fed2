"""implicit by its own interface: a sparse matrix in, arrays of item codes out."""

from typing import Any

import numpy as np
from _split import PLACES, Cut
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender

MODELS = {
    "item_knn": lambda threads: CosineRecommender(K=101, num_threads=threads),  # K counts the item itself
    "ials_64": lambda threads: als(64, 3.0, threads),
    "ials_256": lambda threads: als(256, 1.5, threads),
    "bpr": lambda threads: BayesianPersonalizedRanking(
        factors=64,
        iterations=100,
        learning_rate=0.05,
        regularization=0.01,
        random_state=1,
        num_threads=threads,
    ),
}


def als(factors: int, alpha: float, threads: int) -> AlternatingLeastSquares:
    return AlternatingLeastSquares(
        factors=factors,
        iterations=15,
        regularization=30.0,
        alpha=alpha,
        random_state=1,
        num_threads=threads,
    )


def prepare(cut: Cut) -> Any:
    return cut.matrix(cut.train)


def fit(algorithm: str, data: Any, threads: int) -> Any:
    model = MODELS[algorithm](threads)
    model.fit(data, show_progress=False)
    return model


def rank(model: Any, data: Any, _threads: int) -> Any:
    return model.recommend(np.arange(data.shape[0]), data, N=PLACES, filter_already_liked_items=True)[0]

"""The one place that knows the library implicit: sparse matrix in, two tables of vectors out."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from reco_lab.core.recommender import FitContext

Vectors = NDArray[np.float32]


def alternating_least_squares(
    confidence: sparse.csr_matrix, ctx: FitContext, *, factors: int, regularization: float, iterations: int
) -> Vectors:
    """The items' vectors by ALS on a matrix of confidences; the seed fixes them at any threads."""
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=regularization,
            iterations=iterations,
            num_threads=ctx.threads,
            random_state=ctx.seed,
        )
        model.fit(confidence, show_progress=False, callback=_progress(ctx, iterations))
    return np.asarray(model.item_factors, np.float32)


def _progress(ctx: FitContext, iterations: int) -> Callable[..., None]:
    def report(done: int, *_measured: Any) -> None:
        ctx.report((done + 1) / (iterations + 1), f"round {done + 1} of {iterations}")

    return report

"""What the rating metrics share: sums of errors a customer."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Evaluation, Measurement

Numbers = NDArray[np.float64]


def rating_error(
    evaluation: Evaluation,
    loss: Callable[[Numbers], Numbers],
    link: Callable[[Numbers], Numbers] | None = None,
) -> Measurement:
    """The mean loss over all test ratings, passed through `link`; no number where none were predicted."""
    ratings, n = evaluation.ratings, len(evaluation.recommendations)
    if ratings is None:
        return Measurement.ratio(np.zeros(n), np.zeros(n), link)
    losses = loss(ratings.predicted.astype(np.float64) - ratings.given)
    return Measurement.ratio(
        np.bincount(ratings.owners, losses, minlength=n).astype(np.float64),
        np.bincount(ratings.owners, minlength=n).astype(np.float64),
        link,
    )

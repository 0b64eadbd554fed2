import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._items import list_mean

HEAD = 0.2


class LongTail(Metric):
    """Measures how many places go to the items beyond the bestsellers (exposure by bucket of popularity)."""

    label = "Long tail"
    plain = "Which share of our places goes to the four fifths of the catalogue that sell least?"
    definition = (
        "share of a list's first k items that are not among the most popular fifth of the items that anybody touched "
        "in training; the mean over customers"
    )
    edge_cases = (
        "The fifth is rounded up; of items equally popular at its edge, those with the lower code belong to it. "
        "An item nobody touched belongs to the tail. Customers with an empty list are left out."
    )
    family = "discovery"
    higher_is_better = None

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        return Measurement.ratio(*list_mean(evaluation, k, evaluation.once(tail)))


def tail(evaluation: Evaluation) -> NDArray[np.float64]:
    """1 for each item outside the most popular fifth, 0 for those in it."""
    counts = evaluation.train.interactions.item_counts
    head = np.argsort(-counts, kind="stable")[: int(np.ceil(HEAD * np.count_nonzero(counts)))]
    beyond = np.ones(len(counts))
    beyond[head] = 0
    return beyond

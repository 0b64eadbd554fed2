import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, judged, precision_until


class MeanAveragePrecisionByRelevant(Metric):
    """Measures the mean precision at the hits, against all test items, however short the list."""

    label = "MAP, by all test items"
    plain = "As MAP, but a short list is blamed for every item it had no room for."
    definition = (
        "sum over hits at place i <= k of precision@i, divided by the number of test items; the mean over "
        "customers"
    )
    edge_cases = "A customer with more than k test items cannot reach 1. An empty list scores 0."

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        possible = evaluation.n_relevant.astype(np.float64)
        return judged(evaluation, at(evaluation.once(precision_until), k), possible)

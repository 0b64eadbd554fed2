import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, judged, precision_until


class MeanAveragePrecisionByK(Metric):
    """Measures the mean precision at the hits, against all k places, however few test items there are."""

    label = "MAP, by k"
    plain = "As MAP, but a customer with few items to find is blamed for the places they could not fill."
    definition = "sum over hits at place i <= k of precision@i, divided by k; the mean over customers"
    edge_cases = "A customer with fewer than k test items cannot reach 1. An empty list scores 0."

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        gained = at(evaluation.once(precision_until), k)
        return judged(evaluation, gained, np.full(len(gained), float(k)))

import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, hits_until, judged


class Precision(Metric):
    """Measures which share of the k places were hits."""

    label = "Precision"
    plain = "Of the k items we show, which share does a customer really go for?"
    definition = "hits among the first k / k; the mean over customers"
    edge_cases = "A list shorter than k is still divided by k. A customer with fewer than k test items cannot reach 1. An empty list scores 0."

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        hits = at(evaluation.once(hits_until), k)
        return judged(evaluation, hits, np.full(len(hits), float(k)))

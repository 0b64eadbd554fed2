import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import hits_until, judged


class RPrecision(Metric):
    """Measures precision at as many places as the customer has test items (Manning et al., 2008, chapter 8)."""

    label = "R-precision"
    plain = "Given exactly as many places as a customer has items to find, how many of them are hits?"
    definition = "hits among the first R / R, with R = min(k, number of test items); the mean over customers"
    edge_cases = "A customer with more than k test items is judged at k. An empty list scores 0."

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        counts = evaluation.once(hits_until)
        places = np.minimum(evaluation.n_relevant, k)
        hits = counts[np.minimum(places, len(counts) - 1), np.arange(len(places))]
        return judged(evaluation, hits, places.astype(np.float64))

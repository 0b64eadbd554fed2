import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, judged, precision_until


class MeanAveragePrecision(Metric):
    """Measures the mean precision at the hits, against the best list of k places."""

    label = "MAP"
    plain = "How dense are the hits at the top of the list?"
    definition = (
        "sum over hits at place i <= k of precision@i, divided by min(k, number of test items); the mean "
        "over customers"
    )
    edge_cases = "Precision counts at places of hits only. An empty list scores 0."

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        possible = np.minimum(evaluation.n_relevant, k).astype(np.float64)
        return judged(evaluation, at(evaluation.once(precision_until), k), possible)

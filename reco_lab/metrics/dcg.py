import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, gain_until, judged


class Dcg(Metric):
    """Measures hits worth more near the top, without an ideal (Järvelin and Kekäläinen, TOIS 2002)."""

    label = "DCG"
    plain = "How many hits does a list bring, those near the top counting more?"
    definition = "sum over hits at place i <= k of 1 / log2(i + 1); the mean over customers"
    edge_cases = (
        "Customers with many test items can reach more, so it has no fixed top. An empty list scores 0."
    )
    bounds = (0.0, float("inf"))

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, 0 or more."""
        gain = at(evaluation.once(gain_until), k)
        return judged(evaluation, gain, np.ones(len(gain)))

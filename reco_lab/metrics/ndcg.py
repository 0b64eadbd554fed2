import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, gain_until, ideal_gain, judged


class Ndcg(Metric):
    """Measures hits worth more near the top, against the best list of k places (Järvelin and Kekäläinen, TOIS 2002)."""

    label = "nDCG"
    plain = "How high up are the items that customers go for?"
    definition = (
        "sum over hits at place i of 1 / log2(i + 1), divided by the same sum of a list that starts with "
        "min(k, number of test items) hits; the mean over customers"
    )
    edge_cases = (
        "Relevance is binary. A list shorter than k is held against the same ideal. An empty list scores 0."
    )

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        ideal = ideal_gain(np.minimum(evaluation.n_relevant, k))
        return judged(evaluation, at(evaluation.once(gain_until), k), ideal)

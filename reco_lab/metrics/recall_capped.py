import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, hits_until, judged


class RecallCapped(Metric):
    """Measures recall against what k places could have found (Liang et al., WWW 2018)."""

    label = "Recall, capped"
    plain = "Of the items that k places could have caught, which share did they catch?"
    definition = "hits among the first k / min(k, number of test items); the mean over customers"
    edge_cases = "Equals recall where a customer has at most k test items, and precision where more. An empty list scores 0."

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        possible = np.minimum(evaluation.n_relevant, k).astype(np.float64)
        return judged(evaluation, at(evaluation.once(hits_until), k), possible)

import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, hits_until, judged


class F1(Metric):
    """Measures the harmonic mean of precision and recall, customer by customer."""

    label = "F1"
    plain = "Is the list both free of misses and complete? Precision and recall in one number."
    definition = (
        "2 * precision * recall / (precision + recall), which is 2 * hits among the first k / "
        "(k + number of test items); the mean over customers"
    )
    edge_cases = (
        "Computed a customer, not from the mean precision and the mean recall. Only k test items, all found, "
        "score 1. An empty list scores 0."
    )

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        hits = at(evaluation.once(hits_until), k)
        return judged(evaluation, 2 * hits, (k + evaluation.n_relevant).astype(np.float64))

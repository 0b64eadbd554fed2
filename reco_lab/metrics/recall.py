import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, hits_until, judged


class Recall(Metric):
    """Measures which share of a customer's test items the list found."""

    label = "Recall"
    plain = "Of all the items a customer went for later, which share did our k items catch?"
    definition = "hits among the first k / number of test items; the mean over customers"
    edge_cases = (
        "A customer with more than k test items cannot reach 1 (recall_capped can). An empty list scores 0."
    )

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        return judged(
            evaluation, at(evaluation.once(hits_until), k), evaluation.n_relevant.astype(np.float64)
        )

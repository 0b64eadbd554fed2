import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, hits_until, judged


class HitRate(Metric):
    """Measures how many customers got at least one hit."""

    label = "Hit rate"
    plain = "How many customers find at least one item they go for?"
    definition = "1 if there is a hit among the first k, else 0; the mean over customers"
    edge_cases = "Several hits count as one. An empty list scores 0."

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        found = at(evaluation.once(hits_until), k) > 0
        return judged(evaluation, found.astype(np.float64), np.ones(len(found)))

import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, hits_until, judged


class MeanReciprocalRank(Metric):
    """Measures how near the top the first hit stands."""

    label = "MRR"
    plain = "How far down must a customer look for the first item to go for?"
    definition = "1 / place of the first hit, 0 if there is none among the first k; the mean over customers"
    edge_cases = "Only the first hit counts. An empty list scores 0."

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        counts = evaluation.once(hits_until)
        places = (counts[: k + 1] == 0).sum(axis=0)
        found = (at(counts, k) > 0).astype(np.float64)
        return judged(evaluation, found, places.astype(np.float64))

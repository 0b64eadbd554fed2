import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, gain_until, ideal_gain, judged


class NdcgFullList(Metric):
    """Measures nDCG against a list of k hits, even where there are fewer test items (RecTools' default)."""

    label = "nDCG, ideal of k hits"
    plain = "As nDCG, but even a customer with one item to find is held against a list full of hits."
    definition = (
        "sum over hits at place i <= k of 1 / log2(i + 1), divided by the same sum of a list of k hits; the mean "
        "over customers"
    )
    edge_cases = "A customer with fewer than k test items cannot reach 1. An empty list scores 0."

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        ideal = ideal_gain(np.full(len(evaluation.n_relevant), k))
        return judged(evaluation, at(evaluation.once(gain_until), k), ideal)

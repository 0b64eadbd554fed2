from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, gain_until, ideal_gain, judged


class NdcgUntruncated(Metric):
    """Measures nDCG against all test items, however short the list (Ferrari Dacrema et al., TOIS 2021)."""

    label = "nDCG, untruncated"
    plain = "As nDCG, but a short list is blamed for every item it had no room for."
    definition = (
        "sum over hits at place i <= k of 1 / log2(i + 1), divided by the same sum of a list that starts "
        "with all test items; the mean over customers"
    )
    edge_cases = "A customer with more than k test items cannot reach 1. An empty list scores 0."

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        ideal = ideal_gain(evaluation.n_relevant)
        return judged(evaluation, at(evaluation.once(gain_until), k), ideal)

import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, hits_until, judged, prefix_precision_until


class MeanPrecisionOfAllPlaces(Metric):
    """Measures the mean precision of the first 1, 2 ... k places, hit or not (Elliot's MAP)."""

    label = "MAP, over all places"
    plain = "How dense are the hits, averaged over every length of the list up to k?"
    definition = "mean of precision@1, precision@2 ... precision@k, hit or not; the mean over customers"
    edge_cases = (
        "Another quantity than MAP: misses near the top cost twice, and the number of test items plays no part. "
        "Empty places count as misses. An empty list scores 0."
    )

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        sums, counts = evaluation.once(prefix_precision_until), evaluation.once(hits_until)
        length = len(sums) - 1
        beyond = at(counts, k) * (1 / np.arange(length + 1.0, k + 1)).sum()
        return judged(evaluation, at(sums, k) + beyond, np.full(len(beyond), float(k)))

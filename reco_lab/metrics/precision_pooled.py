import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._places import at, hits_until


class PrecisionPooled(Metric):
    """Measures the hits of all customers together against what k places could have found (the library implicit)."""

    label = "Precision, pooled"
    plain = "Of all items that our places could have caught, over all customers, which share did they catch?"
    definition = (
        "hits among the first k, summed over customers / min(k, number of test items), summed over customers"
    )
    edge_cases = (
        "No mean over customers: one with many test items weighs more. Equals recall_capped where all have equally "
        "many. Empty lists score 0."
    )

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """A ratio of sums over customers, from 0 to 1."""
        possible = np.minimum(evaluation.n_relevant, k).astype(np.float64)
        return Measurement.ratio(at(evaluation.once(hits_until), k), possible)

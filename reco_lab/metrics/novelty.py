import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._items import list_mean


class Novelty(Metric):
    """Measures how surprising the recommended items are: their self-information in bits (Zhou et al., PNAS 2010)."""

    label = "Novelty"
    plain = "How unexpected are the items? Each point more means half as many customers know them."
    definition = (
        "mean over a list's first k items of -log2(training customers who touched the item / training customers); "
        "the mean over customers"
    )
    edge_cases = (
        "An item nobody touched counts as touched by one customer. Customers with an empty list are left out."
    )
    family = "discovery"
    higher_is_better = None
    bounds = (0.0, float("inf"))

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """In bits, 0 or more."""
        log = evaluation.train.interactions
        active = max(1, int((np.diff(log.user_starts) > 0).sum()))
        return Measurement.ratio(*list_mean(evaluation, k, np.log2(active / np.maximum(log.item_counts, 1))))

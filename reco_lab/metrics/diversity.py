import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.core.ranking import NO_ITEM
from reco_lab.metrics._likeness import likeness_until
from reco_lab.metrics._places import at


class Diversity(Metric):
    """Measures how different the items of one list are (intra-list diversity, Ziegler et al., WWW 2005)."""

    label = "Diversity"
    plain = "Are the items of one list different from each other (1), or all of a kind (0)?"
    definition = (
        "1 - mean over all pairs of a list's first k items of their cosine similarity, that is training customers "
        "who touched both / root of (those who touched one * those who touched the other); the mean over customers"
    )
    edge_cases = "Customers with fewer than two items in their list are left out. An item nobody touched is like no other."
    family = "discovery"
    higher_is_better = None

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        counts = (evaluation.recommendations.items[:, :k] != NO_ITEM).sum(axis=1)
        pairs = counts * (counts - 1) / 2
        alike = at(evaluation.once(likeness_until), k) / np.maximum(pairs, 1)
        some = (pairs > 0).astype(np.float64)
        return Measurement.ratio((1 - alike) * some, some)

import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._items import qualities
from reco_lab.metrics._places import discounts, judged


class ExpectedPopularityComplement(Metric):
    """Measures how unknown the hits are, those near the top counting more (EPC, Vargas and Castells, RecSys 2011)."""

    label = "Novel hits (EPC)"
    plain = (
        "Do we find what customers go for beyond the bestsellers? A hit counts the more the fewer know it."
    )
    definition = (
        "sum over hits at place i <= k of (1 - share of training customers who touched the item) / log2(i + 1), "
        "divided by the sum of 1 / log2(i + 1) over the first k places; the mean over customers"
    )
    edge_cases = "Misses score 0, however unknown. Even k hits stay below 1 unless nobody knew them. An empty list scores 0."
    family = "discovery"

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        unknown = qualities(evaluation, k, 1 - evaluation.popularity) * evaluation.hits[:, :k]
        worth = discounts(k)
        gained = unknown @ worth[: unknown.shape[1]]
        return judged(evaluation, gained, np.full(len(gained), worth.sum()))

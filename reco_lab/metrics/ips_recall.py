import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._items import qualities
from reco_lab.metrics._places import judged

POWER = 1.5


class IpsRecall(Metric):
    """Measures recall as if every item had had the same chance to be noticed (Yang et al., RecSys 2018)."""

    label = "Recall, corrected for popularity"
    plain = "What would recall be, had bestsellers not been seen so much more than the rest?"
    definition = (
        "sum of w over hits among the first k / sum of w over test items, where w = (training customers who touched "
        "the item) ^ -((gamma + 1) / 2) with gamma = 2: the inverse of its chance to be noticed, up to a factor; the "
        "mean over customers"
    )
    edge_cases = (
        "An item nobody touched counts as touched by one customer. The chance to be noticed is an assumption, not "
        "a measurement. An empty list scores 0."
    )

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        weight = evaluation.once(inverse_propensity)
        gained = (qualities(evaluation, k, weight) * evaluation.hits[:, :k]).sum(axis=1)
        return judged(evaluation, gained, evaluation.relevant @ weight)


def inverse_propensity(evaluation: Evaluation) -> NDArray[np.float64]:
    """The weight of each item: one over its chance to be noticed, up to a factor that is the same for all."""
    weights: NDArray[np.float64] = np.maximum(evaluation.train.interactions.item_counts, 1.0) ** -POWER
    return weights

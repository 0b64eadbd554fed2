import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._items import list_mean


class PopularityBias(Metric):
    """Measures how much more popular the lists are than what customers chose (popularity lift, Abdollahpouri 2020)."""

    label = "Popularity lift"
    plain = "Do we push bestsellers harder than customers buy them? 0: just as much; 1: twice as popular."
    definition = (
        "(P - H) / H, where popularity is the share of training customers who touched an item, P its mean over a "
        "list's first k items, then over customers, and H its mean over a training customer's distinct items, then "
        "over all training customers"
    )
    edge_cases = (
        "Below 0 the lists are less popular than the histories. H is the same for all customers, so that cold ones "
        "can be judged. Customers with an empty list are left out."
    )
    family = "discovery"
    higher_is_better = None
    bounds = (-1.0, float("inf"))

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """Relative to the training histories: 0 is no lift, 1 twice as popular."""
        popularity, filled = list_mean(evaluation, k, evaluation.popularity)
        usual = evaluation.once(usual_popularity)
        return Measurement.ratio((popularity - usual) * filled, usual * filled)


def usual_popularity(evaluation: Evaluation) -> float:
    """The mean popularity of a training customer's items, averaged over training customers."""
    matrix = evaluation.train.interactions.matrix
    lengths = np.diff(matrix.indptr)
    means = (matrix @ evaluation.popularity)[lengths > 0] / lengths[lengths > 0]
    return float(means.mean()) if len(means) else 0.0

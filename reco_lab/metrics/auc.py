import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.core.ranking import NO_ITEM


class Auc(Metric):
    """Measures how often a test item is ranked above another candidate (area under the ROC curve)."""

    label = "AUC"
    plain = "Show a customer one item to go for and one other: how often does the better one stand higher?"
    definition = (
        "share of the pairs (test item, other candidate) in which the test item has the higher score, equal scores "
        "counting half, over the whole ranking; the mean over customers"
    )
    edge_cases = (
        "Looks at all candidates, not at the first k, so the top counts no more than the rest. A random order scores "
        "0.5. A customer all of whose candidates are test items is left out. An empty list scores 0."
    )
    at_k = False
    needs_ranks = True

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:  # noqa: ARG002 - part of the contract
        """One number a customer, from 0 to 1; no number without ranks."""
        ranks, wanted = evaluation.ranks, evaluation.n_relevant
        if ranks is None:
            return Measurement.ratio(np.zeros(len(wanted)), np.zeros(len(wanted)))
        others = (ranks.candidates - wanted).clip(0)
        above = np.asarray(ranks.places.sum(axis=1)).ravel() - wanted * (wanted + 1) / 2
        listed = (evaluation.recommendations.items != NO_ITEM).any(axis=1)
        pairs = (wanted * others).astype(np.float64)
        share = np.divide(pairs - above, pairs, out=np.zeros(len(pairs)), where=(pairs > 0) & listed)
        return Measurement.ratio(share.clip(0, 1), (pairs > 0).astype(np.float64))

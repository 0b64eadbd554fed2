import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.core.ranking import NO_ITEM


class Coverage(Metric):
    """Measures which share of the catalogue is recommended to anybody at all."""

    label = "Coverage"
    plain = "Which share of the catalogue do customers get to see at all?"
    definition = (
        "distinct items among the first k places of all lists / number of items that could be recommended"
    )
    edge_cases = (
        "Grows with the number of customers, so only lists for the same customers can be compared. "
        "Redrawn customers always see fewer distinct items, so the bootstrap cannot give an interval. Empty lists "
        "score 0."
    )
    family = "catalogue"
    resamples = False

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """A property of all lists together, from 0 to 1."""
        shown = evaluation.recommendations.items[:, :k]
        distinct = len(np.unique(shown[shown != NO_ITEM]))
        return Measurement(distinct / max(evaluation.n_candidates, 1))

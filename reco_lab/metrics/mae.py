import numpy as np

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._ratings import rating_error


class MeanAbsoluteError(Metric):
    """Measures how many points predicted ratings are off on average."""

    label = "MAE"
    plain = "By how many points are the predicted ratings off?"
    definition = "mean over all test ratings of |predicted - given|"
    edge_cases = (
        "Every rating weighs the same, so customers with many ratings weigh more. "
        "There is no number for a model that predicts no ratings."
    )
    family = "ratings"
    at_k = False
    higher_is_better = False
    bounds = (0.0, float("inf"))
    needs_ratings = True

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:  # noqa: ARG002 - part of the contract
        """In points of the data's own rating scale; customers' sums of errors by their counts of ratings."""
        return rating_error(evaluation, np.abs)

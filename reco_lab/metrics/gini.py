import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.metrics._exposure import exposure


class Gini(Metric):
    """Measures how unequally the places of all lists are shared among the items (Gini coefficient of exposure)."""

    label = "Gini"
    plain = "Do a few items get all the attention (1), or do all get the same (0)?"
    definition = (
        "sum over items of (2 * rank - n - 1) * exposure / (n * sum of exposure), where exposure counts the lists "
        "whose first k places hold the item, rank orders the n items that could be recommended by exposure"
    )
    edge_cases = "Items that nobody sees count with exposure 0. One item alone is 0. There is no number for empty lists."
    family = "catalogue"
    higher_is_better = False

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """A property of all lists together, from 0 (equal) to 1."""
        candidates = evaluation.n_candidates

        def coefficient(shown: NDArray[np.float64]) -> NDArray[np.float64]:
            n = max(candidates, shown.shape[1])
            ranks = np.arange(n - shown.shape[1] + 1, n + 1)
            total = shown.sum(axis=1)
            with np.errstate(invalid="ignore", divide="ignore"):
                unequal: NDArray[np.float64] = (np.sort(shown, axis=1) @ (2.0 * ranks - n - 1)) / (n * total)
            return unequal

        return exposure(evaluation, k, coefficient)

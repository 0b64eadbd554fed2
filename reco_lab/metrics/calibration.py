import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.catalogue import category_pairs, category_shares
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, Measurement, Metric
from reco_lab.core.ranking import NO_ITEM

Mix = NDArray[np.float64]
BLOCK_CELLS = 1 << 21


class Calibration(Metric):
    """Measures whether a list has the mix of categories that the customer's history has (Steck, RecSys 2018)."""

    label = "Calibration"
    plain = "Does the list mirror the customer's own mix of categories (1), or show quite other ones (0)?"
    definition = (
        "1 - Jensen-Shannon divergence, in bits, between the mix of categories of the list's first k items and that "
        "of the distinct items of the customer's history; the mean over customers"
    )
    edge_cases = (
        "An item of several categories counts in parts. Items without a category are passed over, customers without "
        "a known category on either side left out. Steck's own Kullback-Leibler divergence has no upper end."
    )
    family = "discovery"
    needs_histories = True

    def measure(self, evaluation: Evaluation, k: int) -> Measurement:
        """One number a customer, from 0 to 1."""
        items = evaluation.recommendations.items[:, :k]
        shares = evaluation.once(_shares)
        if shares is None or evaluation.histories is None:
            return Measurement.ratio(np.zeros(len(items)), np.zeros(len(items)))
        alike, known = np.zeros(len(items)), np.zeros(len(items))
        size = max(1, BLOCK_CELLS // shares.shape[1])
        for start in range(0, len(items), size):
            rows = slice(start, start + size)
            shown = (_lists(items[rows], shares.shape[0]) @ shares).toarray()
            usual = (evaluation.histories[rows] @ shares).toarray()
            both = (shown.sum(axis=1) > 0) & (usual.sum(axis=1) > 0)
            known[rows] = both
            alike[rows][both] = 1 - _divergence(shown[both], usual[both])
        return Measurement.ratio(alike, known)

    def lacks(self, data: Dataset) -> str:
        """A sentence where no item has a category."""
        if category_pairs(data) is None:
            return "Calibration cannot be measured: no item has a category. Map a category column in the table of items."
        return ""


def _shares(evaluation: Evaluation) -> sparse.csr_matrix | None:
    return category_shares(evaluation.train)


def _lists(items: NDArray[np.int32], n_items: int) -> sparse.csr_matrix:
    rows, places = np.nonzero(items != NO_ITEM)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, items[rows, places])), (len(items), n_items))


def _divergence(left: Mix, right: Mix) -> Mix:
    """The Jensen-Shannon divergence of each pair of rows, in bits: 0 for the same mix, 1 for nothing in common."""
    left, right = (mix / mix.sum(axis=1, keepdims=True) for mix in (left, right))
    middle = (left + right) / 2
    gap: Mix = _bits(middle) - (_bits(left) + _bits(right)) / 2
    return gap.clip(0, 1)


def _bits(mix: Mix) -> Mix:
    """The entropy of each row."""
    logs = np.log2(mix, out=np.zeros_like(mix), where=mix > 0)
    entropy: Mix = -(mix * logs).sum(axis=1)
    return entropy

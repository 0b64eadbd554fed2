import numpy as np
import pytest
from scipy import sparse

from reco_lab.algorithms import _pairs
from reco_lab.algorithms._pairs import Closeness, as_summed, nearest
from reco_lab.core.recommender import FitContext

N_CUSTOMERS, N_ITEMS, K = 300, 700, 10
KINDS = {
    "cosine": {"extra": 2.0},
    "many in common push up the denominator": {"multiplied": False, "slope": 0.5, "extra": 1.0},
    "many in common push down the denominator": {"multiplied": False, "slope": -1.0, "extra": 1.0},
    "few in common count nothing": {"extra": 2.0, "least": 1.0},
}


@pytest.fixture(scope="module")
def log():
    """Customers with a few popular items and some of a long tail: most pairs of tiles hold nothing that counts."""
    rng = np.random.default_rng(5)
    drawn = (N_ITEMS * rng.random((N_CUSTOMERS, 25)) ** 3).astype(np.int64)
    table = np.zeros((N_CUSTOMERS, N_ITEMS), np.float32)
    table[np.arange(N_CUSTOMERS)[:, None], rng.permutation(N_ITEMS)[drawn]] = 1
    return sparse.csr_matrix(table)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_nearest_are_those_of_the_whole_table(log, kind, weighted):
    rng = np.random.default_rng(6)
    weights, gains = np.ones(N_CUSTOMERS), np.ones(N_ITEMS)
    if weighted:
        weights, gains = rng.random(N_CUSTOMERS), 0.5 + rng.random(N_ITEMS)
    table = log.toarray().astype(np.float64)
    dots = (table.T * weights) @ table * gains[:, None] * gains
    sizes = table.sum(axis=0) + 1.0
    closeness = Closeness(weights, gains, sizes**0.6, sizes**0.4, **KINDS[kind])
    own, others = closeness.own[:, None], closeness.others
    below = own * others if closeness.multiplied else own + others
    expected = np.where(
        (dots > 0) & (dots >= closeness.least), dots / (below + closeness.slope * dots + closeness.extra), 0
    )
    np.fill_diagonal(expected, 0)
    found = nearest(log, closeness, K, FitContext(threads=2)).toarray()
    np.testing.assert_array_equal((found > 0).sum(axis=1), np.minimum((expected > 0).sum(axis=1), K))
    np.testing.assert_allclose(-np.sort(-found, axis=1)[:, :K], -np.sort(-expected, axis=1)[:, :K], rtol=1e-6)
    np.testing.assert_allclose(found[found > 0], expected[found > 0], rtol=1e-6)


@pytest.mark.parametrize("short", [1, 1 << 16])
def test_whole_weights_are_summed_in_single_precision_to_the_same_digits(log, short, monkeypatch):
    monkeypatch.setattr(_pairs, "SHORT", short)
    rng = np.random.default_rng(7)
    weights, gains, sizes = (
        rng.integers(0, 9, N_CUSTOMERS) * 1.0,
        rng.random(N_ITEMS),
        1.0 + rng.random(N_ITEMS),
    )
    closeness = Closeness(weights, gains, sizes, sizes, extra=2.0)
    assert as_summed(weights).dtype == np.float32
    single = nearest(log, closeness, K, FitContext(threads=2))
    monkeypatch.setattr(_pairs, "EXACT", 0)
    assert as_summed(weights).dtype == np.float64
    double = nearest(log, closeness, K, FitContext(threads=1))
    for part in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(single, part), getattr(double, part))


@pytest.mark.parametrize("weights", [[0.5, 1.0], [2.0**24, 1.0], [np.nan, 1.0], [2.0**24, -(2.0**24)]])
def test_weights_whose_sums_single_precision_rounds_stay_in_double(weights):
    assert as_summed(np.array(weights)).dtype == np.float64

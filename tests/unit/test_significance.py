import numpy as np
import pytest
from scipy import stats

from reco_lab.core.evaluation import Measurement
from reco_lab.experiments.significance import bootstrap_weights, holm, permutation_p, redraw, simultaneous


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_every_bootstrap_draw_has_as_many_customers_as_there_are(rng):
    weights = np.concatenate(list(bootstrap_weights(50, rng, draws=300)))
    assert weights.shape == (300, 50)
    assert (weights.sum(axis=1) == 50).all()


def test_bootstrap_error_of_a_mean_is_the_textbook_one(rng):
    values = rng.normal(size=400)
    drawn = redraw([Measurement.mean(values)], 400, rng)
    assert drawn.std() == pytest.approx(values.std() / np.sqrt(400), rel=0.08)


def test_simultaneous_intervals_cover_all_true_means_together_nineteen_times_of_twenty(rng):
    covered = 0
    for _ in range(200):
        sample = rng.normal(size=(120, 6))
        drawn = redraw([Measurement.mean(column) for column in sample.T], 120, rng)
        both = simultaneous(sample.mean(axis=0), drawn)
        covered += bool(((both.low <= 0) & (both.high >= 0)).all())
    assert 0.90 <= covered / 200 <= 0.99


def test_simultaneous_intervals_are_wider_than_single_ones(rng):
    sample = rng.normal(size=(200, 10))
    drawn = redraw([Measurement.mean(column) for column in sample.T], 200, rng)
    many = simultaneous(sample.mean(axis=0), drawn)
    one = simultaneous(sample.mean(axis=0)[:1], drawn[:, :1])
    assert many.high[0] - many.low[0] > one.high[0] - one.low[0]


def test_a_quantity_that_never_varies_has_an_interval_without_width(rng):
    drawn = np.column_stack([np.full(100, 0.5), rng.normal(size=100)])
    both = simultaneous(np.array([0.5, 0.0]), drawn)
    assert both.low[0] == both.high[0] == 0.5
    assert both.high[1] > both.low[1]


def test_permutation_p_agrees_with_the_exact_sign_flip_test(rng):
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.5, 0.1, -0.2, 0.6, 0.25, 0.15])
    exact = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", alternative="two-sided", n_resamples=np.inf
    ).pvalue
    assert permutation_p(differences[:, None], rng)[0] == pytest.approx(exact, abs=0.01)


def test_permutation_p_raises_a_false_alarm_one_time_in_twenty():
    rng = np.random.default_rng(0)
    p = permutation_p(rng.normal(size=(60, 1000)), rng, flips=999)
    assert 0.03 < (p < 0.05).mean() < 0.07


def test_holm_is_the_textbook_example():
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_never_goes_above_one_and_keeps_the_order(rng):
    p = rng.random(20)
    corrected = holm(p)
    assert corrected.max() <= 1
    assert (corrected >= p).all()
    assert (np.argsort(corrected[np.argsort(p)], kind="stable") == np.arange(20)).all()


def test_a_metric_that_cannot_be_resampled_gets_no_draws(rng):
    assert redraw([Measurement(0.5)], 10, rng) is None

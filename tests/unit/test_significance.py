import numpy as np
import pytest
from scipy import stats

from reco_lab.core.evaluation import Measurement
from reco_lab.experiments.significance import (
    benjamini_hochberg,
    bootstrap_weights,
    by_seeds,
    detectable,
    holm,
    redraw,
    sign_flips,
    simultaneous,
    spread_of,
)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def drawn_means(sample, rng):
    return redraw([Measurement.mean(column) for column in sample.T], len(sample), rng)


def test_every_bootstrap_draw_has_as_many_customers_as_there_are(rng):
    weights = np.concatenate(list(bootstrap_weights(50, rng, draws=300)))
    assert weights.shape == (300, 50)
    assert (weights.sum(axis=1) == 50).all()


def test_bootstrap_error_of_a_mean_is_the_textbook_one(rng):
    values = rng.normal(size=400)
    assert drawn_means(values[:, None], rng).std() == pytest.approx(values.std() / np.sqrt(400), rel=0.08)


def test_simultaneous_intervals_cover_all_true_means_together_nineteen_times_of_twenty(rng):
    covered = 0
    for _ in range(200):
        sample = rng.normal(size=(120, 6))
        both = simultaneous(sample.mean(axis=0), drawn_means(sample, rng), customers=120, width=np.inf)
        covered += bool(((both.low <= 0) & (both.high >= 0)).all())
    assert 0.90 <= covered / 200 <= 0.99


@pytest.mark.parametrize("customers", [10, 30, 100])
def test_intervals_of_metrics_that_are_mostly_zero_still_cover(rng, customers):
    def hits(shape):
        return (rng.random(shape) < 0.03) / np.log2(rng.integers(2, 12, shape))

    truth = hits((400_000, 1)).mean()
    covered = 0
    for _ in range(100):
        sample = hits((customers, 4))
        both = simultaneous(sample.mean(axis=0), drawn_means(sample, rng), customers=customers, width=1.0)
        covered += bool(((both.low <= truth) & (both.high >= truth)).all())
    assert covered >= 90


def test_two_more_customers_are_needed_where_one_side_never_hits(rng):
    covered = 0
    for _ in range(100):
        sample = (rng.random((100, 6)) < 0.03).astype(float)
        both = simultaneous(sample.mean(axis=0), drawn_means(sample, rng), customers=100, width=1.0)
        covered += bool(((both.low <= 0.03) & (both.high >= 0.03)).all())
    assert covered >= 95


def seeded(rng, customers, seeds, *, wobble):
    """A metric of as many models: each as good as chance made it, all asked of the same customers."""
    people = rng.normal(0, 0.3, customers)
    return Measurement.averaged([Measurement.mean(people + wobble * rng.normal()) for _ in range(seeds)])


@pytest.mark.parametrize("wobble", [0.0, 0.01, 0.02])
def test_intervals_of_means_over_three_seeds_know_of_the_other_seeds(wobble):
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(150):
        some = [seeded(rng, 200, 3, wobble=wobble) for _ in range(6)]
        drawn = redraw(some, 200, rng)
        centre = np.array([one.value for one in some])
        both = simultaneous(centre, drawn, customers=200, width=np.inf, doubt=by_seeds(some).doubt)
        covered += bool(((both.low <= 0) & (both.high >= 0)).all())
    assert covered / 150 >= 0.93


def test_a_model_of_one_seed_has_the_same_draws_beside_one_of_three():
    one = Measurement.mean(np.random.default_rng(1).normal(size=80))
    three = seeded(np.random.default_rng(2), 80, 3, wobble=0.1)
    alone = redraw([one], 80, np.random.default_rng(3))
    beside = redraw([one, three], 80, np.random.default_rng(3))

    assert (alone[:, 0] == beside[:, 0]).all()
    own = np.std([part.value for part in three.parts], ddof=1) / np.sqrt(3)
    customers = three.numerator.std() / np.sqrt(80)
    assert beside[:, 1].std() == pytest.approx(np.hypot(own, customers), rel=0.06)
    assert by_seeds([one, three]).variance == pytest.approx([0, own**2])
    assert by_seeds([one, three]).doubt == pytest.approx([0, own**4 / 2])


def test_where_seeds_are_all_the_doubt_the_interval_is_student_s():
    parts = [Measurement.mean(np.full(500, value)) for value in (0.1, 0.2, 0.3)]
    mean = [Measurement.averaged(parts)]
    drawn = redraw(mean, 500, np.random.default_rng(0))
    both = simultaneous(np.array([0.2]), drawn, customers=500, width=np.inf, doubt=by_seeds(mean).doubt)

    assert both.high[0] - 0.2 == pytest.approx(stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3), rel=0.1)


def test_seeds_that_differ_only_by_whom_they_please_add_nothing():
    rng = np.random.default_rng(4)
    means = [
        Measurement.averaged([Measurement.mean(rng.normal(size=300)) for _ in range(3)]) for _ in range(400)
    ]
    between = [np.var([part.value for part in one.parts], ddof=1) / 3 for one in means]

    assert np.mean(between) == pytest.approx(1 / 900, rel=0.1)
    assert np.mean(by_seeds(means).variance) < 0.45 * np.mean(between)
    assert np.mean(by_seeds(means).variance == 0) > 0.55


def test_a_part_of_the_customers_keeps_the_seeds():
    mean = Measurement.averaged([Measurement.mean(np.array([0.0, one])) for one in (0.1, 0.5)])
    inside = mean.within(np.array([False, True]))

    assert [part.value for part in inside.parts] == pytest.approx([0.1, 0.5])
    assert by_seeds([inside]).variance[0] == pytest.approx(0.04)


def test_simultaneous_intervals_are_wider_than_single_ones(rng):
    sample = rng.normal(size=(200, 10))
    drawn = drawn_means(sample, rng)
    many = simultaneous(sample.mean(axis=0), drawn, customers=200, width=np.inf)
    one = simultaneous(sample.mean(axis=0)[:1], drawn[:, :1], customers=200, width=np.inf)
    assert many.high[0] - many.low[0] > one.high[0] - one.low[0]


def test_five_customers_without_a_hit_prove_nothing():
    both = simultaneous(np.zeros(2), np.zeros((100, 2)), customers=5, width=1.0)
    assert (both.high > 0.3).all()


def test_a_quantity_without_a_value_costs_the_others_nothing(rng):
    sample = rng.normal(size=(50, 2))
    drawn = drawn_means(sample, rng)
    drawn[:, 1] = np.nan
    both = simultaneous(np.array([sample[:, 0].mean(), np.nan]), drawn, customers=50, width=np.inf)
    assert np.isfinite([both.low[0], both.high[0]]).all()
    assert np.isnan([both.low[1], both.high[1]]).all()


def test_a_single_sign_flip_test_agrees_with_the_exact_one(rng):
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.5, 0.1, -0.2, 0.6, 0.25, 0.15])
    exact = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", alternative="two-sided", n_resamples=np.inf
    ).pvalue
    tests = sign_flips(differences[:, None], rng)
    assert tests.p[0] == pytest.approx(exact, abs=0.01)
    assert tests.max_t[0] == tests.holm[0] == tests.p[0]


def test_sign_flips_raise_a_false_alarm_one_time_in_twenty():
    rng = np.random.default_rng(0)
    p = sign_flips(rng.normal(size=(60, 1000)), rng, flips=999).p
    assert 0.03 < (p < 0.05).mean() < 0.07


def test_max_t_keeps_the_rate_of_any_false_alarm_among_many_comparisons(rng):
    alarms = 0
    for _ in range(150):
        shared = rng.normal(size=(60, 1))
        tests = sign_flips(shared + 0.3 * rng.normal(size=(60, 8)), rng, flips=199)
        alarms += bool((tests.max_t < 0.05).any())
    assert alarms / 150 < 0.1


def test_max_t_is_less_cautious_than_holm_where_comparisons_hang_together(rng):
    shared = rng.normal(size=(100, 1)) + 0.25
    tests = sign_flips(shared + 0.1 * rng.normal(size=(100, 10)), rng)
    assert (tests.max_t <= tests.holm).all()
    assert tests.max_t.max() < tests.holm.max()
    assert (tests.max_t >= tests.p).all()


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


def test_signed_ranks_are_the_textbook_s():
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.5, 0.12, -0.22, 0.6, 0.25, 0.15])
    ranks = stats.rankdata(np.abs(differences))
    centre, error = 10 * 11 / 4, np.sqrt(10 * 11 * 21 / 24)
    below = ranks[differences < 0].sum()

    assert below == 1 + 5
    assert spread_of(differences[:, None]).wilcoxon[0] == pytest.approx(
        2 * stats.norm.cdf((below - centre) / error)
    )


def test_differences_that_differ_only_by_rounding_share_their_rank(rng):
    tenths = rng.integers(0, 7, (2, 200)) / 10
    differences = tenths[0] - tenths[1] + 0.1 * (rng.random(200) < 0.2)
    exact = np.round(differences * 10)
    assert spread_of(differences[:, None]).wilcoxon == pytest.approx(
        spread_of(exact[:, None]).wilcoxon, rel=1e-9
    )


def test_customers_better_worse_and_equal_are_counted():
    spread = spread_of(np.array([[0.5, 0.0], [0.25, 0.0], [-0.25, 0.0], [0.0, 0.0]]))

    assert spread.better.tolist() == [0.5, 0]
    assert spread.worse.tolist() == [0.25, 0]
    assert spread.wilcoxon[1] == 1
    assert np.isnan(spread.effect[1])
    assert spread.effect[0] == pytest.approx(0.125 / np.sqrt(0.3125 / 3))


def _smallest(sample, rng):
    drawn = drawn_means(sample, rng)
    both = simultaneous(sample.mean(axis=0), drawn, customers=len(sample), width=0.0)
    return float(detectable(both, drawn)[0])


def test_what_can_be_seen_is_seen_in_four_of_five_experiments(rng):
    sample = rng.normal(0, 1, (400, 1))
    spread = _smallest(0.3 * sample / sample.std(ddof=1), rng)
    assert spread == pytest.approx((1.95996 + 0.84162) * 0.3 / 20, rel=0.05)

    seen = [stats.ttest_1samp(rng.normal(spread, 0.3, 400), 0).pvalue < 0.05 for _ in range(1000)]
    assert 0.75 < np.mean(seen) < 0.86


def test_more_comparisons_hide_more(rng):
    sample = rng.normal(0, 0.3, (400, 5))
    assert _smallest(sample, rng) > 1.1 * _smallest(sample[:, :1], rng)


def test_one_customer_shows_nothing():
    spread = spread_of(np.array([[0.5]]))
    assert np.isnan(spread.effect[0])


def test_benjamini_hochberg_is_the_textbook_example():
    assert benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.02, 0.04, 0.04, 0.02])

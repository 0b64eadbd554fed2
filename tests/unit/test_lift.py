import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reco_lab.core.words import about
from reco_lab.experiments.lift import Look, Moments, lifts, linearised
from reco_lab.experiments.power import Usual, detectable, needed, power_of

TRIALS = 4000


def groups(n, rng, *, lift=0.0, history=0.8):
    """Trials x customers: what treated and control spend, and what they spent before."""
    before = [rng.gamma(2.0, size=(TRIALS, size)) for size in n]
    after = [history * x + rng.gamma(2.0, size=x.shape) for x in before]
    after[0] = after[0] * (1 + lift)
    return after, before


def test_without_history_the_interval_is_welchs():
    rng = np.random.default_rng(0)
    up, down = rng.normal(5, 2, 80), rng.normal(4, 1, 30)
    found = lifts(Moments.of(up), Moments.of(down))
    expected = stats.ttest_ind(up, down, equal_var=False)
    low, high = expected.confidence_interval(0.95)
    assert found.absolute == pytest.approx(up.mean() - down.mean())
    assert (found.low, found.high, found.p) == pytest.approx((low, high, expected.pvalue))


def test_history_explains_a_part_and_keeps_the_promise_of_the_interval():
    after, before = groups((400, 200), np.random.default_rng(1), lift=0.1)
    plain = lifts(Moments.of(after[0]), Moments.of(after[1]))
    found = lifts(Moments.of(after[0], before[0]), Moments.of(after[1], before[1]))
    truth = 0.1 * (0.8 * 2 + 2)
    for one in (plain, found):
        assert np.mean((one.low <= truth) & (truth <= one.high)) == pytest.approx(0.95, abs=0.012)
        inside = (one.relative_low <= 0.1) & (one.relative_high >= 0.1)
        assert inside.mean() == pytest.approx(0.95, abs=0.012)
    assert (found.high - found.low).mean() < 0.85 * (plain.high - plain.low).mean()
    assert 0.3 < found.explained.mean() < 0.45


@pytest.mark.parametrize(("rate", "tail"), [(0.05, 1.0), (0.03, 1.5)])
def test_a_few_who_spend_much_do_not_pass_for_a_lift(rate, tail):
    rng = np.random.default_rng(8)
    spent = [(rng.random((1000, size)) < rate) * rng.lognormal(3, tail, (1000, size)) for size in (4000, 400)]
    found = lifts(*(Moments.of(one) for one in spent))
    assert np.mean(found.low > 0) < 0.03
    assert np.mean((found.low <= 0) & (found.high >= 0)) == pytest.approx(0.95, abs=0.02)
    plain = [stats.ttest_ind(*pair, equal_var=False) for pair in zip(*spent, strict=True)]
    assert np.mean([one.pvalue < 0.05 and one.statistic > 0 for one in plain]) > 0.05


def test_a_ratio_of_sums_is_compared_with_its_own_interval():
    rng = np.random.default_rng(2)
    orders = [1 + rng.poisson(1.0, (TRIALS, 300)) for _ in range(2)]
    money = [rng.gamma(2.0, size=one.shape) * one for one in orders]
    found = lifts(*(Moments.of(linearised(*pair)) for pair in zip(money, orders, strict=True)))
    assert found.treated == pytest.approx(money[0].sum(axis=1) / orders[0].sum(axis=1))
    assert np.mean((found.low <= 0) & (found.high >= 0)) == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize("days", [3, 14, 40])
def test_whoever_looks_every_day_and_at_the_end_is_not_misled(days):
    rng = np.random.default_rng(4)
    often = [rng.gamma(0.5, size=(1000, size, 1)) for size in (240, 120)]
    sides = [np.zeros((1000, size)) for size in (240, 120)]
    missed = {careful: np.zeros(1000, bool) for careful in (False, True)}
    low = np.zeros(1000, bool)
    for day in range(1, days + 1):
        sides = [one + rng.poisson(0.2 * rate[..., 0]) for one, rate in zip(sides, often, strict=True)]
        moments = [Moments.of(one) for one in sides]
        for careful, mark in missed.items():
            look = Look.only if not careful else Look.early if day < days else Look.last
            found = lifts(*moments, look=look)
            np.logical_or(mark, (found.low > 0) | (found.high < 0), out=mark)
            low |= careful & (found.p < 0.05)
    assert missed[False].mean() > 0.07
    assert missed[True].mean() <= 0.05
    assert (low == missed[True]).all()


def test_where_nobody_buys_there_is_an_interval_and_no_ratio():
    nobody = np.zeros(50)
    found = lifts(Moments.of(nobody, yes_or_no=True), Moments.of(nobody, yes_or_no=True))
    assert found.absolute == 0
    assert found.low < 0 < found.high
    assert np.isnan(found.relative)
    assert np.isnan(found.relative_low)


def test_a_rare_event_keeps_the_promise_of_the_interval():
    rng = np.random.default_rng(3)
    up, down = (rng.random((TRIALS, n)) < 0.01 for n in (2000, 500))
    found = lifts(*(Moments.of(one.astype(float), yes_or_no=True) for one in (up, down)))
    assert np.mean((found.low <= 0) & (found.high >= 0)) >= 0.94


@pytest.mark.parametrize("explained", [0.0, 0.4])
def test_a_planned_size_is_enough_and_not_too_much(explained):
    usual = Usual(0.1, 0.09, explained)
    need = needed(usual, 0.2, 0.3)
    assert power_of(usual, 0.2, need.treated, need.control) == pytest.approx(0.8, abs=0.002)
    assert need.control == pytest.approx(0.3 * need.customers, abs=1)
    assert detectable(usual, need.treated, need.control) == pytest.approx(0.2, abs=0.001)


@given(st.floats(0.01, 0.6), st.floats(0.02, 0.5), st.floats(0.1, 0.5), st.floats(0.5, 0.95))
@settings(max_examples=50, deadline=None)
def test_more_power_a_smaller_lift_and_more_history_change_the_size_as_they_must(rate, lift, control, power):
    usual = Usual(rate, rate * (1 - rate))
    size = needed(usual, lift, control, power=power).customers
    assert needed(usual, lift / 2, control, power=power).customers > size
    assert needed(usual, lift, control, power=power + 0.04).customers >= size
    assert needed(Usual(rate, rate * (1 - rate), 0.5), lift, control, power=power).customers <= size


def test_two_columns_of_a_few_customers_explain_nothing_of_each_other():
    """Of six customers any two columns agree by a fifth; a plan that took that for granted would be too small."""
    rng = np.random.default_rng(9)
    found = [Usual.of(*rng.normal(size=(2, 6)), yes_or_no=False).explained for _ in range(400)]
    many = rng.normal(size=(2, 5000))

    assert np.median(found) == 0
    assert Usual.of(many[0] + many[1], many[1], yes_or_no=False).explained == pytest.approx(0.5, abs=0.03)


def test_the_plan_is_said_in_customers_and_days():
    need = needed(Usual(0.2, 0.16), 0.1, 0.5, arriving=np.cumsum(np.full(40, 1000.0)))
    assert need.days == int(np.ceil(need.customers / 1000))
    assert (
        f"To see a 10% lift with 80% chance you need about {about(need.customers)} customers (as many as buy here in "
        f"{need.days} days)" in need.sentence
    )


def test_where_nobody_buys_no_size_can_be_told():
    assert not needed(Usual(0.0, 0.0), 0.1, 0.5).possible
    assert "cannot be known" in needed(Usual(0.0, 0.0), 0.1, 0.5).sentence


@pytest.mark.parametrize(("mean", "lift"), [(0.9, 0.2), (0.5, 1.5)])
def test_more_than_all_customers_cannot_buy(mean, lift):
    usual = Usual(mean, mean * (1 - mean))
    need = needed(usual, lift, 0.5)

    assert not need.possible
    assert "cannot be" in need.sentence
    assert detectable(Usual(0.9, 0.09), 40, 40) == np.inf
    assert needed(Usual(mean, mean, yes_or_no=False), lift, 0.5).possible

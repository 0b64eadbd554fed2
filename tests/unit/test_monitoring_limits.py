"""Limits: quiet weeks stay quiet as often as is promised, and what moves is seen with its moment."""

import numpy as np
import pytest

from reco_lab.monitoring.limits import WEEK, chance_of_one, jumped, means, rates, since

HOUR = 3_600_000_000
BEFORE, AFTER = 24, 16


def quiet(rng, readings, calls, rate, over):
    """Series of hours in which nothing is wrong, but hours differ `over` times as much as chance alone has it."""
    n = rng.poisson(calls, (readings, BEFORE + AFTER))
    wander = np.sqrt((over**2 - 1) * rate * (1 - rate) / calls)
    true = np.clip(rate + wander * rng.standard_normal(n.shape), 1e-4, 0.99)
    return rng.binomial(n, true).astype(float), n.astype(float)


@pytest.mark.parametrize(("calls", "rate", "over"), [(100, 0.05, 1.0), (2000, 0.03, 1.3), (400, 0.06, 2.0)])
def test_false_alarms_stay_below_what_is_promised(calls, rate, over):
    tests, a_week = 30, 50.0  # many more than are promised in earnest, so that they can be counted
    chance = chance_of_one(tests, HOUR, a_week)
    readings = 20_000
    x, n = quiet(np.random.default_rng(1), readings, calls, rate, over)

    alarms = rates(x, n, BEFORE, chance).out.sum()

    weeks = readings / (tests * WEEK / HOUR)
    assert alarms / weeks <= a_week + 2 * np.sqrt(a_week / weeks)


@pytest.mark.parametrize("now", range(0, 24, 4))
def test_what_is_so_every_evening_is_no_alarm(now):
    """From six to ten the rate is nearly twice as high, every day, as the share of a slot or of a segment is."""
    rng, days = np.random.default_rng(now), (np.arange(48) + now) % 24
    n = rng.poisson(1000 * (0.55 - 0.5 * np.cos(2 * np.pi * (days - 3) / 24)), (300, 48))
    x = rng.binomial(n, np.where((days >= 18) & (days < 22), 0.54, 0.3))
    chance = chance_of_one(50, HOUR)
    chart = rates(x.astype(float), n.astype(float), 24, chance, cycle=24)

    assert chart.out.mean() == 0
    inside = (chart.rate >= chart.low) & (chart.rate <= chart.high)
    assert inside[:, 24:].mean() > 0.999
    broken = x.astype(float)
    broken[:, -8:] = 0
    assert rates(broken, n.astype(float), 24, chance, cycle=24).out.mean() > 0.6


def test_a_small_shift_is_seen_beside_a_daily_rhythm_too():
    x, n = quiet(np.random.default_rng(4), 200, 4000, 0.05, 1.0)
    x[:, BEFORE:] = np.random.default_rng(5).binomial(x[:, BEFORE:].astype(int), 0.8)
    found = [
        rates(x[:, :until], n[:, :until], BEFORE, chance_of_one(50, HOUR), cycle=24)
        for until in (BEFORE + 1, BEFORE + AFTER)
    ]

    assert found[0].out.mean() < 0.2
    assert found[1].out.mean() > 0.9


@pytest.mark.parametrize(("a_day", "calls"), [(24, 500), (4, 3000)])
def test_weeks_in_which_days_differ_by_themselves_are_seldom_alarms_and_a_fault_still_is(a_day, calls):
    """Every day has a rate of its own, a tenth up or down: most weeks one day lies off all the others."""
    rng, week = np.random.default_rng(7), 7 * a_day
    days = np.exp(0.1 * rng.standard_normal((1000, 14)))
    n = rng.poisson(calls, (1000, 2 * week))
    x = rng.binomial(n, 0.05 * np.repeat(days, a_day, axis=1)).astype(float)
    chance = chance_of_one(50, 24 // a_day * HOUR)

    assert rates(x, n.astype(float), week, chance, cycle=a_day).out.mean() <= 0.005
    broken = x.copy()
    broken[:, -a_day:] //= 2
    assert rates(broken, n.astype(float), week, chance, cycle=a_day).out.mean() > 0.5


def test_false_alarms_of_answer_times_stay_below_what_is_promised():
    chance, rng = 0.01, np.random.default_rng(2)

    found = means(rng.standard_normal((20_000, BEFORE + AFTER)), BEFORE, chance)

    assert found.out.mean() <= chance


@pytest.mark.parametrize("now", range(0, 24, 6))
def test_answers_that_take_longer_every_evening_are_no_alarm(now):
    rng, days = np.random.default_rng(now), (np.arange(48) + now) % 24
    values = rng.normal(0, 0.1, (500, 48)) + np.where((days >= 18) & (days < 22), 0.8, 0.0)
    values[:, 5] = np.nan
    chance = chance_of_one(50, HOUR)

    assert means(values, 24, chance, cycle=24).out.mean() < 0.002
    values[:, -6:] += 2
    assert means(values, 24, chance, cycle=24).out.mean() > 0.95


def test_a_rate_that_stops_is_seen_with_its_hour():
    x, n = quiet(np.random.default_rng(3), 200, 300, 0.05, 1.2)
    x[:, -4:] = 0

    chart = rates(x, n, BEFORE, chance_of_one(50, HOUR))

    assert chart.out.mean() > 0.75
    assert (chart.off[chart.out] < 0).all()
    begun = [since(x[row], n[row], BEFORE)[0] for row in range(200)]
    assert np.mean(np.array(begun) == BEFORE + AFTER - 4) > 0.9


def test_a_small_shift_is_seen_once_it_lasts():
    x, n = quiet(np.random.default_rng(4), 200, 4000, 0.05, 1.0)
    less = np.random.default_rng(5).binomial(x[:, BEFORE:].astype(int), 0.8)
    x[:, BEFORE:] = less
    chance = chance_of_one(50, HOUR)

    at_once = rates(x[:, : BEFORE + 1], n[:, : BEFORE + 1], BEFORE, chance)

    assert at_once.out.mean() < 0.2
    assert rates(x, n, BEFORE, chance).out.mean() > 0.8


def test_with_too_little_behind_it_nothing_is_said():
    x, n = np.zeros((3, 40)), np.full((3, 40), 50.0)
    x[0, :BEFORE] = 0.5  # 12 clicks
    x[1, :BEFORE] = 5.0
    n[2, 5:] = 0  # five steps
    x[2, :5] = 10.0

    assert rates(x, n, BEFORE, 1e-4).known.tolist() == [False, True, False]


def test_a_fault_that_never_was_is_seen_from_its_first_hour():
    x, n = np.zeros((2, 30)), np.full((2, 30), 60.0)
    x[0, -1], x[1, -1] = 30.0, 1.0

    assert rates(x, n, BEFORE, 1e-5, floor=0.02).out.tolist() == [True, False]
    assert not rates(x, n, BEFORE, 1e-5).known.any()


def test_answers_that_take_longer_are_seen_with_their_hour():
    rng = np.random.default_rng(6)
    values = np.log(5.0) + 0.1 * rng.standard_normal((1, 48))
    values[0, 40:] += np.log(4.0)
    values[0, 10:13] = np.nan

    assert means(values, 24, 1e-6).out.all()
    assert jumped(values[0], 24) == 40

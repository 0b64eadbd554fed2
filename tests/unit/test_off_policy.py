import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from reco_lab.core.errors import DataError
from reco_lab.experiments.estimators import ESTIMATORS
from reco_lab.experiments.logged import Logged, Modelled
from reco_lab.experiments.off_policy import Interval, apart, judge
from reco_lab.experiments.reward_model import FOLDS, STEADY, cross_fitted
from reco_lab.experiments.support import support

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "off_policy.py"
ROWS, CUSTOMERS, ADS = 900, 300, 4


def random_log(seed=0, rows=ROWS, customers=CUSTOMERS):
    rng = np.random.default_rng(seed)
    done = rng.dirichlet(np.ones(ADS), rows)
    would = rng.dirichlet(np.ones(ADS), rows)
    ads = np.array([rng.choice(ADS, p=row) for row in done])
    reward = (rng.random(rows) < 0.1 + 0.1 * ads).astype(float) * rng.choice([1.0, 2.5], rows)
    model = rng.random((rows, ADS))
    every = np.arange(rows)
    return Logged(
        rng.integers(0, customers, rows) * 3 + 1,
        reward,
        done[every, ads],
        would[every, ads],
        np.full(rows, float(ADS)),
        Modelled(model[every, ads], (would * model).sum(axis=1)),
    )


@pytest.fixture(scope="module")
def log():
    return random_log()


@pytest.fixture(scope="module")
def judged(log):
    return judge(log, np.random.default_rng(1))


def plain(log, name):
    """Each estimator by its formula, a row after the other."""
    above = below = 0.0
    limit = len(log) ** 0.5
    heaviest = max(t / p for t, p in zip(log.target, log.propensity, strict=True))
    drawn = np.random.default_rng(1).random(len(log))
    for row in range(len(log)):
        w, r = log.target[row] / log.propensity[row], log.reward[row]
        said, meant = log.modelled.done[row], log.modelled.expected[row]
        if name == "replay":
            kept = drawn[row] < w / heaviest
            above, below = above + kept * r, below + kept
            continue
        above += {
            "ips": w * r,
            "snips": w * r,
            "clipped": min(w, limit) * r,
            "direct": meant,
            "doubly_robust": meant + w * (r - said),
            "switch": meant + (w * (r - said) if w <= limit else 0.0),
        }[name]
        below += w if name == "snips" else 1.0
    return above / below


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_is_its_formula(log, judged, name):
    assert judged.by(name).value.value == pytest.approx(plain(log, name), abs=1e-9)
    assert judged.by(name).difference.value == pytest.approx(plain(log, name) - np.mean(log.reward), abs=1e-9)


def test_errors_are_those_of_customers_who_come_with_all_their_rows(log, judged):
    mean = float(np.mean(log.reward))
    people = set(log.customers.tolist())
    apart_ = [
        sum(r - mean for c, r in zip(log.customers, log.reward, strict=True) if c == one) for one in people
    ]
    variance = sum(one**2 for one in apart_) / len(log) ** 2 * len(people) / (len(people) - 1)
    assert judged.logged.error == pytest.approx(variance**0.5, abs=1e-12)
    assert judged.support.customers == len(people)


def test_what_is_judged_by_its_own_log_earned_what_was_logged(log):
    same = judge(replace(log, target=log.propensity), np.random.default_rng(2))
    for name in ("ips", "snips", "clipped"):
        one = same.by(name)
        assert one.value.value == pytest.approx(same.logged.value, abs=1e-12)
        assert (one.difference.value, one.difference.low, one.difference.high) == pytest.approx(
            (0, 0, 0), abs=1e-9
        )


def test_customers_are_compared_with_themselves(log, judged):
    one = judged.best
    assert one.difference.error < np.hypot(one.value.error, judged.logged.error)
    assert one.value.low < one.value.value < one.value.high


def test_the_order_and_the_codes_of_customers_do_not_matter(log):
    back = slice(None, None, -1)
    model = Modelled(log.modelled.done[back], log.modelled.expected[back])
    turned = Logged(
        7 - log.customers[back], log.reward[back], log.propensity[back], log.target[back], modelled=model
    )
    one, other = (support(each) for each in (log, turned))
    assert (one.effective, one.weight_error, one.hidden) == pytest.approx(
        (other.effective, other.weight_error, other.hidden)
    )


def test_two_logs_are_compared_with_the_errors_of_both():
    gap = apart(Interval(3.0, 2.0, 5.0, 0.5), Interval(1.0, 0.5, 2.0, 0.4))
    assert gap.value == 2.0
    assert (gap.low, gap.high) == pytest.approx((2 - 2**0.5, 2 + (4 + 0.25) ** 0.5))
    assert gap.error == pytest.approx(0.41**0.5)


def test_weights_average_to_one_and_upturned_chances_to_the_number_of_ads():
    found = support(random_log(3, rows=20_000, customers=10_000))
    assert abs(found.weight - 1) < 4 * found.weight_error
    assert abs(found.inverse - ADS) < 5 * found.inverse_error


def uniform(rows=4000, share=0.1, target=None, seed=5):
    rng = np.random.default_rng(seed)
    chance = np.full(rows, 0.25)
    rewards = (rng.random(rows) < share).astype(float)
    return Logged(np.arange(rows), rewards, chance, chance if target is None else target, np.full(rows, 4.0))


def refusal(log):
    return judge(log, np.random.default_rng(0)).refusal


def test_what_would_help_is_said():
    few, heavy = uniform(rows=60, share=0.6), uniform()
    chances = heavy.propensity.copy()
    chances[0] = 1e-6
    assert "About 1.7 times as many customers would do" in support(few).remedy
    assert "leaves more to chance" in support(replace(heavy, propensity=chances)).remedy
    assert support(heavy).remedy == ""


def test_an_even_log_can_judge():
    assert refusal(uniform()) == ""


def test_one_heavy_row_cannot_carry_a_judgement():
    log = uniform()
    heavy = log.propensity.copy()
    heavy[0] = 1e-6
    found = refusal(replace(log, propensity=heavy))
    assert "one customer has 98% of all the weight" in found
    assert "effective sample of 1.0" in found


def test_too_few_customers_are_told():
    assert "100 are needed" in refusal(uniform(rows=60, share=0.6))


def test_what_was_never_tried_is_told():
    assert "50% of what this policy would have chosen was never tried" in refusal(
        uniform(target=np.full(4000, 0.125))
    )


def test_a_policy_that_would_have_done_nothing_of_it_is_refused():
    found = judge(uniform(target=np.zeros(4000)), np.random.default_rng(0))
    assert found.refusal
    assert np.isnan(found.best.value.value)


def test_too_few_rewards_are_told():
    assert "4 are needed" in refusal(uniform(share=0.0005))


def test_rewards_are_counted_as_they_come_in_the_log_and_as_the_estimate_has_them():
    log = random_log(6)
    weight, reward = log.target / log.propensity, log.reward
    rows = weight.sum() ** 2 / (weight**2).sum()
    size = (reward**2).mean() / reward.mean()
    found = support(log)
    assert found.rewards == pytest.approx(rows * reward.mean() / size)
    assert found.earned == pytest.approx(rows * (weight * reward).sum() / weight.sum() / size)


def test_what_is_judged_did_not_have_luck():
    """A fiftieth of the places tells of nine ads in ten, three in a hundred of which are clicked: a handful of clicks."""
    chances, truth, estimates = np.array([0.982, *[0.002] * 9]), 0.03, []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        chance = chances[rng.choice(10, 7000, p=chances)]
        clicked = (rng.random(7000) < truth).astype(float)
        log = Logged(rng.integers(0, 2600, 7000), clicked, chance, np.full(7000, 0.1))
        if not support(log).refusal:
            estimates.append((log.weight * clicked).sum() / log.weight.sum())
    assert len(estimates) > 150
    assert np.mean(estimates) == pytest.approx(truth, rel=0.15)


def test_where_the_heavy_rows_earned_nothing_nothing_is_judged():
    log = uniform(target=np.where(np.arange(4000) < 1000, 1.0, 0.0005))
    assert support(log).refusal == ""
    light = support(replace(log, reward=log.reward * (log.weight < 1)))
    assert "earned next to nothing" in light.refusal
    assert light.remedy


def test_chances_with_which_was_not_decided_are_found_out():
    log = uniform()
    assert "weights average 2.00 and not 1" in refusal(replace(log, propensity=log.propensity / 2))
    boasting = support(replace(log, choices=np.full(len(log), 8.0)))
    assert "should average to 8" in boasting.notes[0]


def test_the_answer_reaches_up_where_heavy_rows_earned_nothing():
    rng = np.random.default_rng(9)
    target = np.where(np.arange(4000) < 400, 0.75, 0.25 * (4000 - 1200) / 3600)
    log = uniform(target=target)
    kind = replace(log, reward=log.reward * (np.arange(4000) >= 380))
    found, even = judge(kind, rng), judge(log, rng)
    assert even.support.hidden < 1.2
    assert found.support.hidden > 1.5
    one, other = found.best.value, found.by("ips").value
    assert (one.high - one.value) / (one.value - one.low) > 1.1 * (other.high - other.value) / (
        other.value - other.low
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"propensity": np.array([0.5, 0.0])}, "propensity that is no chance, the first is row 2 with 0"),
        ({"propensity": np.array([1.5, 0.5])}, "propensity that is no chance, the first is row 1 with 1.5"),
        ({"propensity": np.array([0.5, np.nan])}, "propensity that is no chance"),
        ({"target": np.array([0.5, -0.1])}, "target chance that is no chance"),
        ({"reward": np.array([np.nan, 1.0])}, "reward is not a number"),
        ({"reward": np.zeros(3)}, "not of one length"),
    ],
)
def test_rows_that_can_weigh_nothing_are_refused_in_a_sentence(changes, said):
    two = {name: np.full(2, 0.5) for name in ("reward", "propensity", "target")}
    with pytest.raises(DataError, match=said):
        Logged(np.arange(2), **(two | changes))


def test_an_empty_log_is_refused_in_a_sentence():
    nothing = np.zeros(0)
    with pytest.raises(DataError, match="no logged decision"):
        Logged(np.zeros(0, np.int64), nothing, nothing, nothing)


def test_a_single_customer_is_no_judgement():
    two = np.full(2, 0.5)
    assert refusal(Logged(np.zeros(2, np.int64), np.ones(2), two, two))


def test_the_reward_model_is_a_ridge_regression_over_the_other_customers():
    rng = np.random.default_rng(4)
    done, expected = rng.random((60, 3)), rng.random((2, 3))
    reward, customers, group = rng.random(60), rng.integers(0, 20, 60), rng.integers(0, 2, 60)
    found = cross_fitted(reward, customers, sparse.csr_array(done), sparse.csr_array(expected), group)
    for row in range(60):
        others = [one for one in range(60) if customers[one] % FOLDS != customers[row] % FOLDS]
        level = float(np.mean(reward[others]))
        left = done[others].T @ done[others] + STEADY * np.eye(3)
        slopes = np.linalg.inv(left) @ done[others].T @ (reward[others] - level)
        assert found.done[row] == pytest.approx(level + done[row] @ slopes, abs=1e-9)
        assert found.expected[row] == pytest.approx(level + expected[group[row]] @ slopes, abs=1e-9)


def test_more_customers_than_are_resampled_are_resampled_in_groups():
    one = judge(random_log(8, rows=30_000, customers=9000), np.random.default_rng(3)).by("ips").value
    assert one.high - one.low == pytest.approx(2 * 1.96 * one.error, rel=0.1)


@pytest.mark.slow
def test_on_a_simulated_shop_the_intervals_hold_the_truth_nineteen_times_of_twenty():
    spec = importlib.util.spec_from_file_location("off_policy_benchmark", BENCHMARK)
    bench = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = bench
    spec.loader.exec_module(bench)
    found = bench.repeats(bench.Bench.build(0.05), 40, 1000, np.random.default_rng(2))
    judged = found[~found["refused"]]
    assert 0.92 < judged["value"].mean() < 0.98
    assert 0.92 < judged["difference"].mean() < 0.98
    assert found.loc[found["effective"] < 100, "refused"].all()
    assert len(judged) > len(found) / 2

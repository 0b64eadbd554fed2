"""G5 of the published figures: the small sample of the Open Bandit Dataset (Saito et al., NeurIPS 2021)."""

import numpy as np
import pytest

from reco_lab.experiments.off_policy import apart, judge
from reco_lab.services.logged_tables import JudgedPolicy, LoggedColumns, read_logged

pytestmark = pytest.mark.data

COLUMNS = LoggedColumns("item_id", "click", "propensity_score", position="position")


def judged(real_data, campaign, kind="uniform", actions=0):
    there = real_data(f"open-bandit/obd/random/{campaign}/{campaign}.csv")
    policy = JudgedPolicy(kind, actions, there if kind == "table" else None)
    found = read_logged(real_data(f"open-bandit/obd/bts/{campaign}/{campaign}.csv"), COLUMNS, policy)
    return found, judge(found.logged, np.random.default_rng(0))


@pytest.fixture(scope="module")
def men(real_data):
    return judged(real_data, "men", actions=34)


@pytest.fixture(scope="module")
def women(real_data):
    return judged(real_data, "women", actions=46)


def test_every_row_is_used(men, women):
    for found, _ in (men, women):
        assert found.rows_in_file == len(found.logged) == 10_000


def test_men_by_inverse_propensities(men):
    _, found = men
    one = found.by("ips").value
    assert one.value == pytest.approx(0.0030, abs=0.00005)
    assert one.value - 1.96 * one.error == pytest.approx(0.0015, abs=0.00005)
    assert one.value + 1.96 * one.error == pytest.approx(0.0045, abs=0.00005)
    assert one.low == pytest.approx(0.0015, abs=0.0005)
    assert one.high == pytest.approx(0.0045, abs=0.001)


def test_men_can_be_judged_and_the_weights_are_what_they_must_be(men):
    _, found = men
    assert found.refusal == ""
    assert found.logged.value == pytest.approx(0.0069)
    assert found.support.effective == pytest.approx(656, abs=1)
    assert found.support.weight == pytest.approx(1, abs=3 * found.support.weight_error)
    assert found.support.inverse == pytest.approx(34, abs=3 * found.support.inverse_error)


def test_what_random_earned_itself_is_told_with_the_errors_of_both(real_data, men):
    found, by_frequency = judged(real_data, "men", kind="table")
    own = judge(found.own, np.random.default_rng(0)).logged
    assert own.value == pytest.approx(0.0046)
    gap = apart(men[1].by("ips").value, own)
    assert gap.value == pytest.approx(0.0030 - 0.0046, abs=0.00005)
    assert gap.low < 0 < gap.high
    assert by_frequency.by("ips").value.value == pytest.approx(0.0030, abs=0.0001)


def test_women_cannot_be_judged_from_these_logs(women):
    _, found = women
    assert found.support.effective == pytest.approx(2.1, abs=0.05)
    assert found.support.largest == pytest.approx(21_739, abs=0.5)
    assert "the heaviest row counts 21,739 times" in found.refusal
    assert "effective sample of 2.1" in found.refusal

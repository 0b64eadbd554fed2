"""What an A/B test will take, where customers come back."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.ab_test import AbTest, Arm
from reco_lab.services.ab_test_plan import Traffic, outlook
from reco_lab.store.events.by_customer import COUNTED

DAYS, SHOWN = 20, 4
ARMS = (Arm(name="A", share=0.5), Arm(name="B", share=0.5))


def regulars(customers, rate=0.1, seed=0):
    """Customers who come every day and see a few ads."""
    rng = np.random.default_rng(seed)
    step, who = (each.ravel() for each in np.meshgrid(np.arange(DAYS), np.arange(customers)))
    rows = pd.DataFrame({"customer": who, "arm": "everybody", "step": step})
    rows = rows.assign(**dict.fromkeys(COUNTED, 0.0) | {"shown": float(SHOWN), "billed": 0.01})
    rows["clicks"] = rng.binomial(SHOWN, rate, len(rows))
    return Traffic(rows, float(DAYS))


def asked(**more):
    return AbTest(id="t", arms=ARMS, **({"minimum_lift": 0.1} | more))


def test_customers_who_come_back_tell_more_each_day_until_it_is_enough():
    found = outlook(asked(), regulars(2000))
    assert 1 < found.days < DAYS
    assert found.customers <= 2000
    assert found.at_stake == pytest.approx(found.customers * 0.5 * 0.01 * found.days * 0.1)
    assert f"about {found.days} days at your traffic" in found.sentence


def test_more_customers_take_fewer_days_and_a_smaller_part_of_them_more():
    few, many = (outlook(asked(), regulars(size)).days for size in (2000, 6000))
    assert many < few < outlook(asked(traffic=0.7), regulars(2000)).days


def test_what_known_customers_cannot_show_takes_new_ones_or_more_than_a_year():
    found = outlook(asked(minimum_lift=0.01), regulars(50))
    assert found.customers > 50
    assert found.days is None
    assert "more than a year" in found.sentence
    seen = outlook(asked(minimum_lift=found.in_a_month), regulars(50))
    assert seen.customers == pytest.approx(50, rel=0.02)


def test_without_any_money_nothing_is_at_stake_that_is_known():
    known = regulars(500)
    assert outlook(asked(), Traffic(known.rows.assign(billed=0.0), known.days)).at_stake is None


def test_an_hour_of_traffic_is_taken_for_its_part_of_a_day():
    rows = regulars(100).rows
    short = Traffic(rows[rows["step"] == 0], 1 / 24)
    assert short.arriving[0] == pytest.approx(2400)

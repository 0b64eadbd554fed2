"""Customers at risk and the day of the next purchase: planted rhythms, and how the models judge themselves."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis import at_risk, next_purchase
from reco_lab.analysis._quality import auc, brier, by_chance, calibration
from reco_lab.analysis._rhythm import rhythm
from reco_lab.analysis.visits import visits
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, ParameterError
from reco_lab.core.interactions import ColumnMap, Interactions


def shop(rows):
    """Rows of (customer, day)."""
    frame = pd.DataFrame(rows, columns=["user", "day"])
    frame["user"] = [f"c{int(code):05}" for code in frame["user"]]
    frame["time"] = np.datetime64("2025-01-01", "us") + (frame["day"] * 86_400e6).to_numpy("timedelta64[us]")
    frame = frame.assign(item="a", kind="purchase")
    return Dataset(
        "shop", Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    )


def streams(customers=2000, days=500, leaving=0.08, seed=0):
    """Customers who come at rates of their own, with a chance to leave after each visit."""
    rng = np.random.default_rng(seed)
    gaps = np.ceil(rng.exponential(1, (customers, 60)) * rng.gamma(3, 7, customers)[:, None])
    moments = np.cumsum(gaps, axis=1) + rng.uniform(0, 60, customers)[:, None]
    stayed = np.cumprod(rng.random((customers, 60)) > leaving, axis=1).astype(bool)
    who, which = np.nonzero((moments < days) & (stayed | (np.arange(60) == 0)))
    return np.column_stack((who, moments[who, which]))


@pytest.fixture(scope="module")
def data():
    return shop(streams())


def test_the_longer_a_customer_is_overdue_the_greater_the_risk():
    regular = [(code, 10 * visit) for code in range(60) for visit in range(30 - code % 20)]
    found = at_risk.at_risk(shop(regular), horizon=30).customers

    assert (found[found["overdue"] > 8]["risk"] > 0.9).all()
    assert (found[found["overdue"] < 1]["risk"] < 0.3).all()


@pytest.mark.parametrize("settled", [True, False])
def test_risks_on_held_out_time_rank_and_mean_what_they_say(data, settled, monkeypatch):
    if settled:
        monkeypatch.setattr(at_risk, "_rhythm_is_better", lambda *_: False)
    else:
        monkeypatch.setattr(at_risk, "_by_bgnbd", lambda *_: None)
    found = at_risk.held_out(data, horizon=60)

    assert found.method == ("bg-nbd" if settled else "rhythm")
    assert found.auc > 0.75
    assert found.auc > found.auc_since - 0.02
    assert found.brier < found.brier_same
    assert found.calibration["said"].to_numpy() == pytest.approx(
        found.calibration["happened"].to_numpy(), abs=0.15
    )
    assert found.calibration["customers"].sum() == found.customers
    assert "of 100 cases" in found.sentence


@pytest.mark.parametrize(("evenly", "method"), [(8, "rhythm"), (1, "bg-nbd")])
def test_whoever_buys_as_regularly_as_coffee_is_told_by_the_rhythm(evenly, method):
    """The model takes customers to come at any moment alike: of even gaps it said 80 % where 99 of 100 stayed away."""
    rng, rows = np.random.default_rng(1), []
    for code in range(500):
        gap, day = 1 / rng.gamma(2, 1 / 40), rng.uniform(0, 180)
        while day < 300:
            rows.append((code, int(day)))
            if rng.random() < 0.1:
                break
            day += gap * rng.gamma(evenly, 1 / evenly)
    found = at_risk.held_out(shop(rows))

    assert found.method == method
    gaps = found.calibration["said"] - found.calibration["happened"]
    assert np.average(gaps.abs(), weights=found.calibration["customers"]) < 0.08


def test_those_listed_have_come_twice_and_are_above_the_line(data):
    told = at_risk.at_risk(data, horizon=60)
    listed = told.listed(above=0.7)
    risks = told.customers.loc[listed]

    assert len(listed)
    assert (risks["visits"] >= 2).all()
    assert risks["risk"].is_monotonic_decreasing
    assert risks["risk"].min() >= 0.7


def test_the_horizon_follows_the_usual_gap():
    weekly = shop([(code, 7 * visit + code % 7) for code in range(40) for visit in range(20)])

    assert at_risk.at_risk(weekly).horizon == 14
    with pytest.raises(ParameterError, match="0 days"):
        at_risk.at_risk(weekly, horizon=0)
    with pytest.raises(DataError, match="too few to hold out"):
        at_risk.held_out(weekly, horizon=100)


@pytest.mark.parametrize("ask", [at_risk.at_risk, next_purchase.next_purchase])
def test_customers_who_came_once_each_say_nothing_of_returning(ask):
    with pytest.raises(DataError, match="came back on a later day only 0 times in all"):
        ask(shop([(code, code % 50) for code in range(200)]))


def test_customers_who_come_every_ten_days_are_told_their_tenth_day():
    data = shop([(code, 10 * visit + code % 10) for code in range(200) for visit in range(20)])
    found = next_purchase.next_purchase(data)
    table = found.customers
    due = np.datetime64(found.end) + (10 - table["since"]).to_numpy("timedelta64[D]")

    assert found.unsaid == 0
    assert np.abs((table["day"] - due.astype("datetime64[s]")).dt.days).max() <= 1
    assert (table["low"] <= table["day"]).all()
    assert (table["day"] <= table["high"]).all()


def test_spans_hold_as_many_purchases_as_they_promise(data):
    found = next_purchase.held_out(data, date(2025, 8, 1))

    assert found.closed > 100
    assert found.covered == pytest.approx(0.8, abs=0.06)
    assert found.error <= found.error_same
    assert "80% was meant" in found.sentence


def test_no_day_is_told_of_customers_most_of_whose_kind_never_came_back():
    once = [(1000 + code, code % 100) for code in range(400)]
    back = [(code, day) for code in range(40) for day in range(code % 9, 300, 9)]
    found = next_purchase.next_purchase(shop([*once, *back]))
    lost = found.customers[found.customers["visits"] == 1]

    assert lost["day"].isna().all()
    assert found.unsaid == 400
    assert found.customers[found.customers["visits"] > 9]["day"].notna().all()


def test_silences_at_the_end_count_as_not_yet_back():
    """Kaplan and Meier by hand: of 60 waits of a usual gap 30 ended; 30 were cut off before."""
    rows = [(code, 0) for code in range(60)] + [(code, 10) for code in range(30)]
    rows += [(99, 20)]
    learned = rhythm(visits(shop(rows)))

    assert learned.usual == 10
    assert learned.away(np.array([1, 1]), np.array([0.5, 1.0])) == pytest.approx([1.0, 30 / 60])
    assert learned.until(np.array([1]), np.array([0.0]), 0.4) == pytest.approx([1.0])
    assert np.isinf(learned.until(np.array([1]), np.array([0.0]), 0.8)).all()


def test_the_area_counts_pairs_in_the_right_order():
    scores, truth = np.array([0.1, 0.4, 0.35, 0.8, 0.4]), np.array([False, False, True, True, True])

    assert auc(scores, truth) == pytest.approx((1 + 0 + 1 + 1 + 1 + 0.5) / 6)
    assert np.isnan(auc(scores, np.ones(5, bool)))
    assert brier(np.array([0.5, 1]), np.array([True, True])) == 0.125


def test_scores_without_meaning_seldom_leave_the_range_of_chance():
    rng = np.random.default_rng(0)
    truth = rng.random((200, 300)) < 0.2
    beyond = [abs(auc(rng.random(300), one) - 0.5) > by_chance(one) for one in truth]

    assert sum(beyond) <= 20


def test_equal_chances_stay_in_one_class():
    found = calibration(np.repeat([0.2, 0.7], 50), np.arange(100) % 5 == 0)

    assert found["customers"].tolist() == [50, 50]
    assert found["said"].to_numpy() == pytest.approx([0.2, 0.7])
    assert found["happened"].to_numpy() == pytest.approx([0.2, 0.2])

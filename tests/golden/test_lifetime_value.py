"""G4 of the published figures: BG/NBD (Fader, Hardie and Lee, 2005) and Gamma-Gamma (Fader and Hardie, 2013) on CDNOW."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis import lifetime_value
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions

pytestmark = pytest.mark.data

CUT = date(1997, 9, 30)


@pytest.fixture(scope="module")
def data(real_data):
    names = ["master", "customer", "day", "pieces", "money"]
    file = real_data("cdnow/CDNOW_sample.txt")
    rows = pd.read_csv(file, sep=r"\s+", names=names, dtype=dict.fromkeys(names, "str"))
    rows = rows.assign(
        day=pd.to_datetime(rows["day"]), money=rows["money"].astype(float), kind="purchase", item="a CD"
    )
    columns = ColumnMap("customer", "item", "money", "day", "kind")
    return Dataset("CDNOW", Interactions.from_frame(rows, columns))


@pytest.fixture(scope="module")
def model(data):
    return lifetime_value.learn(data, CUT)


def test_the_summary_is_the_published_one(model, real_data):
    published = pd.read_csv(real_data("cdnow/cdnow_customers_summary_with_transactions.csv"))
    found = model.summary

    assert len(found) == 2357
    assert (found["frequency"].to_numpy() == published["x"].to_numpy()).all()
    assert found["recency"].to_numpy() / 7 == pytest.approx(published["t_x"].to_numpy(), abs=0.01)
    assert found["age"].to_numpy() / 7 == pytest.approx(published["T"].to_numpy(), abs=0.01)
    assert found["mean_value"].fillna(0).to_numpy() == pytest.approx(published["zbar"].to_numpy(), abs=0.011)


def test_bg_nbd_reaches_the_published_parameters(model):
    found = model.purchasing

    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=6e-4)
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert found.converged
    assert np.isfinite(found.errors).all()


def test_gamma_gamma_reaches_the_published_parameters_over_the_946_who_came_back(model):
    found = model.spending

    assert (found.p, found.q, found.v) == pytest.approx((6.25, 3.74, 15.44), abs=0.006)
    assert found.log_likelihood == pytest.approx(-4055.918, abs=0.001)
    assert found.customers == 946
    assert found.correlation == pytest.approx(0.11, abs=0.005)
    assert model.notes == ()


def test_the_first_customer_is_expected_to_buy_1_226_times_in_39_weeks(model):
    """The worked example of Fader, Hardie and Lee: x = 2, t_x = 30.43, T = 38.86."""
    found = model.customers(horizon=39 * 7).iloc[0]

    assert (found["frequency"], found["recency"], found["age"]) == (2, 213, 272)
    assert found["expected"] == pytest.approx(1.226, abs=6e-4)


def test_the_purchases_of_the_next_39_weeks_are_expected_within_a_few_per_cent_per_class(data):
    found = lifetime_value.held_out(data, CUT)

    assert found.customers == 2357
    assert found.actual == 1882
    assert found.expected / found.actual == pytest.approx(0.88, abs=0.01)
    assert found.error < found.error_as_before
    assert "12% too few" in found.sentence

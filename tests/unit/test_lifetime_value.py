from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import special

from reco_lab.analysis import _bgnbd, _gamma_gamma, lifetime_value
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, ParameterError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.ui.segment_value import _unit, bands

TRUE = SimpleNamespace(r=0.8, alpha=6.0, a=0.9, b=3.0)
WEEKS = 78.0


def lives(customers, seed, weeks=WEEKS):
    """Purchases of customers who follow the model exactly: their numbers and moments in weeks, the first included."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(TRUE.r, 1 / TRUE.alpha, customers)
    chances = rng.beta(TRUE.a, TRUE.b, customers)
    rows = []
    for customer in range(customers):
        moment = rng.uniform(0, 26)
        while moment < weeks:
            rows.append((customer, moment))
            if len(rows) > 1 and rows[-2][0] == customer and rng.random() < chances[customer]:
                break
            moment += rng.exponential(1 / rates[customer])
    return np.array(rows)


def shop(rows, seed=0):
    """The purchases as a log; each customer spends around a middle of her own."""
    rng = np.random.default_rng(seed)
    middles = 20 / rng.gamma(4, 1 / 3, int(rows[:, 0].max()) + 1)
    frame = pd.DataFrame(
        {
            "user": [f"c{int(code):05}" for code in rows[:, 0]],
            "item": "a",
            "value": rng.gamma(5, middles[rows[:, 0].astype(int)] / 5) + 0.01,
            "time": np.datetime64("2024-01-01", "us") + (rows[:, 1] * 7 * 86_400e6).astype("timedelta64[us]"),
            "kind": "purchase",
        }
    )
    return Dataset("shop", Interactions.from_frame(frame, ColumnMap("user", "item", "value", "time", "kind")))


@pytest.fixture(scope="module")
def data():
    return shop(lives(3000, seed=1))


@pytest.fixture(scope="module")
def model(data):
    return lifetime_value.learn(data)


def test_the_parameters_that_made_the_customers_lie_within_three_standard_errors(model):
    found = model.purchasing
    away = [
        abs(getattr(found, name) - getattr(TRUE, name)) / error
        for name, error in zip(("r", "alpha", "a", "b"), found.errors, strict=True)
    ]

    assert found.converged
    assert max(away) < 3


@pytest.mark.parametrize("a", [0.3, 0.793, 1.6, 4.0])
def test_expected_purchases_equal_the_published_closed_form(a):
    r, alpha, b, weeks = 0.243, 4.414, 2.426, 39.0
    x, age = np.array([0.0, 1, 2, 7, 29, 60]), np.array([30.0, 38.86, 35, 20, 38, 39])
    found = _bgnbd.Bgnbd(r, alpha, a, b, (), converged=True, log_likelihood=0.0)
    shape = special.hyp2f1(r + x, b + x, a + b + x - 1, weeks / (alpha + age + weeks))
    closed = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + weeks)) ** (r + x) * shape)

    assert found.expected(np.array([weeks]), x, age).ravel() == pytest.approx(closed, rel=1e-6)


def test_expected_purchases_pass_smoothly_through_the_a_at_which_the_closed_form_divides_by_zero():
    x, age = np.array([0.0, 5, 400]), np.array([10.0, 30, 50])
    around = [
        _bgnbd.Bgnbd(0.5, 5, a, 3, (), converged=True, log_likelihood=0.0).expected(np.array([26.0]), x, age)
        for a in (1 - 1e-9, 1, 1 + 1e-9)
    ]

    assert np.isfinite(around).all()
    assert around[0] == pytest.approx(around[1], rel=1e-7)
    assert around[2] == pytest.approx(around[1], rel=1e-7)


@pytest.mark.parametrize("module", [_bgnbd, _gamma_gamma])
def test_the_slopes_of_the_likelihood_are_those_of_its_differences(module):
    rng = np.random.default_rng(3)
    x, age, mean = rng.integers(0, 6, 50).astype(float), rng.uniform(20, 40, 50), rng.gamma(3, 1, 50)
    last = np.where(x > 0, age * rng.random(50), 0)
    arguments = (x, last, age, np.full(50, 0.02)) if module is _bgnbd else (x + 1, mean)
    at = np.array([0.7, 3.0, 1.2, 2.5][: 4 if module is _bgnbd else 3])
    slope = module._loss(at, *arguments)[1]
    steps = np.eye(len(at)) * 1e-6
    measured = [
        (module._loss(at + step, *arguments)[0] - module._loss(at - step, *arguments)[0]) / 2e-6
        for step in steps
    ]

    assert slope == pytest.approx(measured, rel=1e-5, abs=1e-8)


def test_who_has_been_silent_for_longer_is_less_likely_a_customer_still(model):
    away = np.linspace(0, 60, 30)
    x, age = np.full(30, 6.0), np.full(30, 70.0)
    alive = model.purchasing.alive(x, age - away, age)

    assert (np.diff(alive) < 0).all()
    assert ((alive > 0) & (alive < 1)).all()


def test_who_never_came_back_has_had_no_moment_to_leave(model):
    assert model.purchasing.alive(np.zeros(1), np.zeros(1), np.array([50.0])).tolist() == [1.0]


def test_without_discount_the_value_is_purchases_times_what_one_is_worth(model):
    found = model.customers(horizon=180, rate=0)

    assert found["value"].to_numpy() == pytest.approx((found["expected"] * found["average"]).to_numpy())
    assert (model.customers(horizon=180, rate=0.2)["value"] < found["value"]).all()


def test_the_chance_to_buy_at_all_is_that_of_being_a_customer_in_the_long_run(model):
    soon, late = model.customers(horizon=7), model.customers(horizon=3650)

    assert (soon["again"] < late["again"]).all()
    assert (late["again"] <= late["alive"]).all()
    assert (soon["again"] <= soon["expected"] + 1e-12).all()


def test_a_longer_horizon_brings_more_purchases_but_not_in_proportion(model):
    short, long = (model.customers(horizon=days)["expected"] for days in (100, 1000))

    assert (long > short).all()
    assert (long < 10 * short).all()


def test_a_mean_of_few_purchases_is_drawn_towards_everyones(model):
    spending = model.spending
    everyone = float(spending.average(np.zeros(1), np.zeros(1))[0])
    one, many = spending.average(np.array([1.0, 50]), np.full(2, 5 * everyone))

    assert everyone < one < many < 5 * everyone


def test_customers_made_by_the_model_buy_as_often_as_it_expects(data):
    found = lifetime_value.held_out(data)

    assert found.expected == pytest.approx(found.actual, rel=0.1)
    assert found.error < found.error_as_before
    assert found.classes["customers"].sum() == found.customers
    assert "close" in found.sentence


def test_a_miss_that_chance_may_have_made_is_called_so():
    """Three purchases where two were expected are no error of the model; three thousand are."""
    words = [
        lifetime_value._said(20_000, 30, np.full(customers, 0.02), np.full(customers, 0.1), later)
        for customers, later in (
            (100, np.repeat([1, 0], [3, 97])),
            (100_000, np.repeat([1, 0], [3000, 97_000])),
        )
    ]

    assert "33% too few, which may be chance" in words[0]
    assert "33% too few, and" in words[1]


def test_customers_without_an_expected_value_do_not_empty_the_bands():
    """Where spending differs so widely that its mean does not exist, nobody knows what a newcomer is worth."""
    worth = np.arange(1.0, 101.0)
    edges, shares = bands(pd.Series([*worth, *np.full(40, np.nan)]))

    assert edges["top tenth"] == pytest.approx([90.1, 100])
    assert shares["top tenth"] == pytest.approx(worth[90:].sum() / worth.sum())
    assert sum(shares.values()) == pytest.approx(1)


def test_the_day_of_the_forecast_is_written_as_everywhere(data):
    said = lifetime_value.held_out(data, date(2025, 3, 7)).sentence

    assert said.startswith("Fitted up to 7 Mar 2025, it expected")


def test_pieces_are_not_called_money(data, model):
    log = data.interactions
    pieces = lifetime_value.learn(replace(data, interactions=replace(log, values=np.ceil(log.values))))

    assert (_unit("value", model), _unit("value", pieces)) == ("money", "value")
    assert _unit("expected", pieces) == "purchases"


def test_a_shop_that_nobody_leaves_is_told_so(monkeypatch):
    monkeypatch.setattr(TRUE, "a", 1e-9)
    found = lifetime_value.learn(shop(lives(400, seed=2)))

    assert found.purchasing.converged
    assert found.customers()["alive"].min() > 0.98
    assert any("leave for good" in note for note in found.notes)


def test_customers_who_buy_often_and_dear_are_told_to_break_the_assumption():
    rows = lives(400, seed=5)
    data = shop(rows)
    log = data.interactions
    often = np.diff(log.user_starts)[log.users]
    values = log.values * often.astype(np.float32) ** 2
    dear = Interactions.from_codes(
        log.users, log.items, values, log.times, log.kinds, log.user_ids, log.item_ids
    )

    assert any(
        "spend more on each purchase" in note for note in lifetime_value.learn(Dataset("", dear)).notes
    )


def test_too_few_who_came_back_are_refused(data):
    with pytest.raises(DataError, match="bought on more than one day"):
        lifetime_value.learn(data, date(2024, 1, 3))


def test_nothing_can_be_held_out_after_the_end(data):
    with pytest.raises(DataError, match="held out"):
        lifetime_value.held_out(data, date(2030, 1, 1))


@pytest.mark.parametrize(("horizon", "rate"), [(0, 0.1), (365, -0.1), (10_000, 0.1)])
def test_a_horizon_or_a_rate_beyond_sense_is_refused(model, horizon, rate):
    with pytest.raises(ParameterError, match="cannot be valued"):
        model.customers(horizon, rate)

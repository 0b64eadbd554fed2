from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import MetricSpec, Question
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.splitting import Split
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.results import Outcome
from reco_lab.services.reckoning import GUESS, OWN, Assumptions, Finds, reckon
from reco_lab.ui.report_money import measured_in

FINDS = Finds(10, 0.36, 0.15, 0.21, 0.17, 0.25, 636, Outcome.better)
positive = st.floats(0.01, 1e6)
share = st.floats(0, 1)


def test_the_reckoning_is_a_product_that_can_be_followed_step_by_step():
    steps = reckon(FINDS, Assumptions(1000, seen=0.5, extra=0.1, value=40, margin=0.25)).steps

    assert [step.centre for step in steps] == pytest.approx([500, 105, 10.5, 420, 105])
    assert [step.low for step in steps] == pytest.approx([500, 85, 8.5, 340, 85])


@given(positive, share, share, positive, share)
def test_the_range_is_that_of_the_measurement_whatever_is_assumed(customers, seen, extra, value, margin):
    sums = reckon(FINDS, Assumptions(customers, seen, extra, value, margin))

    assert sums.revenue.low <= sums.revenue.centre <= sums.revenue.high
    assert sums.revenue.low * FINDS.high == pytest.approx(sums.revenue.high * FINDS.low)
    assert sums.margin.centre == pytest.approx(sums.revenue.centre * margin)


def test_an_order_is_worth_what_customers_paid_for_all_pieces_of_an_item():
    log = Interactions.from_frame(
        pd.DataFrame(
            {"user": ["a", "a", "b"], "item": ["x", "y", "x"], "value": [12.0, 1.0, 2.0], "kind": "purchase"}
        ),
        ColumnMap("user", "item", value="value", kind="kind"),
    )
    data = Dataset.join("shop", log, items=pd.DataFrame({"price": [2.0, 6.0]}, index=["x", "y"]))
    known = Assumptions.of(SimpleNamespace(known=log, judged=log, train=data, days=None))

    assert known.value == round((24 + 6 + 4) / 3, 2)
    assert known.value_from.startswith("what customers paid")


def test_customers_who_did_not_come_back_earn_nothing_in_the_reckoning():
    """A hundred buy before the test, forty of them again in its fifteen days: eighty are a month of those."""
    began = np.datetime64("2026-03-01")
    first = pd.DataFrame(
        {"user": [f"c{n}" for n in range(100)], "item": "x", "time": began - np.timedelta64(2, "D")}
    )
    again = first.head(40).assign(item="y", time=began + np.timedelta64(15, "D"))
    other = pd.DataFrame({"user": ["new"], "item": ["y"], "time": [began + np.timedelta64(1, "D")]})
    log = pd.concat([first, again, other, first.tail(1).assign(item="y")]).assign(kind="purchase")
    data = Dataset("shop", Interactions.from_frame(log, ColumnMap("user", "item", time="time", kind="kind")))
    late = data.interactions.times >= began
    before, nobody = np.flatnonzero(~late), np.empty(0, np.int64)
    split = Split("by time", data, before, nobody, np.flatnonzero(late), as_of=began)
    exam = Exam.of(split, "test", Question(metrics=MetricSpec(names=("hit_rate",), k=(1,))))

    known = Assumptions.of(exam)

    assert known.customers == 80
    assert "in the 15 days of the test, made 30 days" in known.customers_from


def test_what_a_person_changed_is_told_from_what_the_data_said():
    known = Assumptions(1000, value=61.71, value_from="mean price")
    told = Assumptions(1000, value=61.71, margin=0.4).beside(known)

    assert (told.value_from, told.margin_from, told.seen_from) == ("mean price", OWN, GUESS)


def test_a_reckoning_without_a_difference_is_nothing_and_no_error():
    nothing = Finds(10, 0.2, 0.2, 0.0, 0.0, 0.0, 5, Outcome.tie)

    assert not np.any([step.centre for step in reckon(nothing, Assumptions(10)).steps[1:]])


@pytest.mark.parametrize(("days", "told"), [(None, False), (28, False), (7, True), (90, True)])
def test_a_test_that_is_no_month_is_said_beside_the_money(days, told):
    assert (f"in the {days} days of the test" in measured_in(replace(FINDS, days=days))) == told

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
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
    known = Assumptions.of(SimpleNamespace(known=log, judged=log, train=data))

    assert known.value == round((24 + 6 + 4) / 3, 2)
    assert known.value_from.startswith("what customers paid")


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

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis.behaviour import behaviour
from reco_lab.analysis.visits import Money, visits
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import ColumnMap, Interactions

ITEMS = pd.DataFrame(
    {"price": [10.0, 20.0, 30.0, 5.0], "category": ["shoes", "shoes", "shoes", "hats"]}, index=list("abcd")
)


def shop(rows, items=ITEMS):
    """Rows of (user, item, moment, pieces, kind)."""
    frame = pd.DataFrame(rows, columns=["user", "item", "time", "value", "kind"])
    frame["time"] = pd.to_datetime(frame["time"])
    log = Interactions.from_frame(frame, ColumnMap("user", "item", "value", "time", "kind"))
    return Dataset.join("shop", log, items=items)


@pytest.fixture(scope="module")
def data():
    return shop(
        [
            ("ann", "a", "2026-01-05 09:00", 1, "purchase"),  # a Monday
            ("ann", "c", "2026-01-05 20:00", 2, "purchase"),
            ("ann", "d", "2026-01-10 21:00", 1, "purchase"),  # a Saturday
            ("ann", "b", "2026-01-12 10:00", -1, "purchase"),  # never bought: left out
            ("bob", "b", "2026-01-07 12:00", 3, "purchase"),
            ("bob", "b", "2026-01-20 12:00", 1, "view"),
            ("eve", "b", "2026-01-08 12:00", 1, "view"),
        ]
    )


def test_purchases_of_one_day_are_one_visit(data):
    found = visits(data)

    assert found.users.tolist() == [0, 0, 1]
    assert found.lines.tolist() == [2, 1, 1]
    assert found.amounts.tolist() == [70, 5, 60]
    assert found.returns == 0
    assert found.end - found.start == 15


def test_a_cut_parts_the_visits_by_day(data):
    found = visits(data)
    day = found.start + 2

    assert found.until(day).users.tolist() == [0, 1]
    assert found.until(day).end == day
    assert found.after(day).users.tolist() == [0]
    with pytest.raises(DataError, match="by 2026-01-04"):
        found.until(found.start - 1)


def test_behaviour_is_what_one_counts_by_hand(data):
    found = behaviour(data).customers
    ann, bob = found.loc[0], found.loc[1]

    assert found.index.tolist() == [0, 1]
    assert (ann["visits"], ann["recency"], ann["tenure"], ann["gap"]) == (2, 10, 15, 5)
    assert (ann["spent"], ann["basket_value"], ann["basket_size"]) == (75, 37.5, 1.5)
    assert (ann["weekend"], ann["evening"]) == pytest.approx((1 / 3, 2 / 3))
    assert ann["variety"] == pytest.approx(np.exp(np.log(3) / 3 + 2 / 3 * np.log(1.5)))
    assert ann["price_level"] == pytest.approx((np.log(0.5) + np.log(1.5)) / 3)
    assert np.isnan(bob["gap"])
    assert bob["price_level"] == 0


def test_without_times_what_needs_them_is_not_there():
    log = Interactions.from_frame(pd.DataFrame({"u": list("aab"), "i": list("xyx")}), ColumnMap("u", "i"))
    found = behaviour(Dataset("", log))

    assert found.customers.columns.tolist() == ["visits", "basket_size"]
    assert not found.purchases
    assert "not known" in found.money
    with pytest.raises(DataError, match="no times"):
        visits(Dataset("", log))


def test_broken_values_are_taken_as_money_and_whole_ones_as_pieces(data):
    rows = [("ann", "a", "2026-01-05", 9.99, "purchase"), ("bob", "a", "2026-01-05", 19.5, "purchase")]

    assert visits(shop(rows)).amounts == pytest.approx([9.99, 19.5], rel=1e-6)
    assert visits(shop(rows, items=None)).amounts == pytest.approx([9.99, 19.5], rel=1e-6)
    assert visits(shop(rows), Money.price).amounts == pytest.approx([99.9, 195], rel=1e-6)
    assert visits(data, Money.value).amounts.tolist() == [3, 1, 3]


def test_items_without_a_price_are_told():
    rows = [("ann", "a", "2026-01-05", 1, "purchase"), ("ann", "z", "2026-01-06", 1, "purchase")]
    found = visits(shop(rows))

    assert found.amounts.tolist() == [10, 0]
    assert "50.0% of the purchases have no price" in found.money


def test_a_log_of_returns_alone_is_refused():
    with pytest.raises(DataError, match="all its purchases are returns"):
        visits(shop([("ann", "a", "2026-01-05", -1, "purchase")]))


def test_prices_of_nothing_have_no_level():
    free = ITEMS.assign(price=0.0)

    assert "price_level" not in behaviour(shop([("ann", "a", "2026-01-05", 1, "purchase")], free)).customers

"""Returns are taken off what they return, wherever purchases are counted or their money is."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis.baskets import baskets
from reco_lab.analysis.repeats import repeats
from reco_lab.analysis.rfm import rfm
from reco_lab.analysis.scope import Scope
from reco_lab.analysis.spending import spending
from reco_lab.analysis.view import look
from reco_lab.analysis.visits import less_returns, visits
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import ColumnMap, Interactions


def shop(rows):
    """Purchases as (user, item, day, value)."""
    frame = pd.DataFrame(rows, columns=["user", "item", "time", "value"]).assign(kind="purchase")
    frame["time"] = pd.to_datetime(frame["time"])
    return Dataset.join(
        "shop", Interactions.from_frame(frame, ColumnMap("user", "item", "value", "time", "kind"))
    )


CANCELLED = [
    ("ann", "a", "2026-01-05", 2.9),
    ("ann", "b", "2026-01-09", 168472.5),
    ("ann", "b", "2026-01-09", -168472.5),
    ("bob", "a", "2026-01-06", 20.0),
    ("bob", "b", "2026-01-07", 30.5),
]


def test_a_cancelled_order_makes_no_best_customer():
    found = rfm(shop(CANCELLED))

    assert found.monetary == pytest.approx([2.9, 50.5])
    assert found.frequency.tolist() == [1, 2]
    assert found.rule == "Spending is the value of each purchase, less 1 return."


def test_before_it_came_back_it_was_bought():
    later = [
        ("ann", "c", "2026-01-07", 40.0),
        ("ann", "c", "2026-02-01", -40.0),
        ("ann", "a", "2026-03-01", 5.0),
    ]
    seen = visits(shop([*CANCELLED, *later]))
    days = [int(np.datetime64(day).astype(int)) for day in ("2026-01-08", "2026-02-01")]

    assert seen.amounts == pytest.approx([2.9, 5.0, 20.0, 30.5])
    early, known = (seen.until(day) for day in days)
    assert early.amounts == pytest.approx([2.9, 40.0, 20.0, 30.5])
    assert known.amounts == pytest.approx([2.9, 20.0, 30.5])
    assert known.until(days[0]).amounts == pytest.approx(early.amounts)
    assert (early.end, early.returns) == (days[0], 0)
    with pytest.raises(DataError):
        seen.until(days[0] - 10)


def by_hand(rows):
    """What is left when each return takes away from the customer's last purchases of the item."""
    held = {}
    for user, item, time, value in rows:
        stack = held.setdefault((user, item), [])
        if value >= 0:
            stack.append([time, value])
        owed = -value
        while owed > 0 and stack:
            last, most = stack.pop()
            if most > owed:
                stack.append([last, most - owed])
            owed -= most
    return sorted((*pair, time, value) for pair, stack in held.items() for time, value in stack)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_left_is_what_one_takes_off_by_hand(seed):
    rng = np.random.default_rng(seed)
    rows = [
        (f"u{rng.integers(2)}", "ab"[rng.integers(2)], pd.Timestamp("2026-01-01") + pd.Timedelta(hours=hour),
         float(rng.choice([-5, -3, -1, 1, 2, 3, 6])))
        for hour in range(40)
    ]  # fmt: skip
    left, _ = less_returns(shop(rows).interactions)

    found = zip(left.user_ids[left.users], left.item_ids[left.items], left.times, left.values, strict=True)
    assert sorted((user, item, pd.Timestamp(time), value) for user, item, time, value in found) == by_hand(
        rows
    )


def test_a_return_of_what_was_never_bought_changes_nothing():
    data = shop(
        [("ann", "a", "2026-01-05", -1), ("ann", "a", "2026-01-06", 2), ("ann", "b", "2026-01-07", 0)]
    )

    assert spending(data).money.tolist() == [2, 0]
    assert "less" not in spending(data).rule
    assert visits(data).returns == 0


def test_where_all_was_returned_nobody_bought():
    with pytest.raises(DataError, match="or were returned"):
        visits(shop([("ann", "a", "2026-01-05", 3.3), ("ann", "a", "2026-01-06", -3.3)]))


def test_explore_counts_no_return_as_a_purchase():
    view = look(shop(CANCELLED), Scope())

    assert (repeats(view).rows, repeats(view).again, repeats(view).purchases) == (3, 0, True)
    assert baskets(view).baskets == 3


def test_explore_still_answers_where_all_rows_are_returns():
    view = look(shop([("ann", "a", "2026-01-05", -1)]), Scope())

    assert (repeats(view).rows, repeats(view).purchases) == (1, False)
    assert baskets(view).baskets == 1

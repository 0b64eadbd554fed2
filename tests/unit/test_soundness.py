"""What a new version of the data is refused for, and what it is not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis.soundness import Limits, soundness
from reco_lab.core.interactions import ColumnMap, Interactions

CUSTOMERS, ITEMS, DAYS = 400, 60, 40
MAP = ColumnMap("user", "item", time="time", kind="kind")
START = np.datetime64("2026-01-01", "s")


def _frame(days, seed, customers=CUSTOMERS, rate=0.35):
    """Customers of three tastes who visit now and then and mostly go for items of their own."""
    rng = np.random.default_rng(seed)
    day, user = np.nonzero(rng.random((len(days), customers)) < rate)
    own = rng.random(len(user)) < 0.8
    item = np.where(
        own, 3 * rng.integers(0, ITEMS // 3, len(user)) + user % 3, rng.integers(0, ITEMS, len(user))
    )
    seconds = np.asarray(days)[day] * 86_400 + rng.integers(0, 86_400, len(user))
    return pd.DataFrame(
        {
            "user": np.char.add("u", user.astype(str)),
            "item": np.char.add("i", item.astype(str)),
            "kind": np.where(rng.random(len(user)) < 0.3, "purchase", "view"),
            "time": START + seconds.astype("timedelta64[s]"),
        }
    )


BEFORE = _frame(range(30), 0)
LATER = _frame(range(30, DAYS), 1)


def _failed(later, before=BEFORE):
    logs = [Interactions.from_frame(one, MAP) for one in (before, later)]
    checks = soundness(*logs, Limits(), np.random.default_rng(0))
    assert all(one.sentence for one in checks)
    return [one.name for one in checks if one.passed is False]


def test_more_of_the_same_is_sound():
    assert _failed(pd.concat([BEFORE, LATER])) == []


def test_shuffled_labels_are_seen_in_what_is_new_and_in_all_of_it():
    rng = np.random.default_rng(2)
    mixed = LATER.assign(item=rng.permutation(LATER["item"].to_numpy()))
    assert _failed(pd.concat([BEFORE, mixed])) == ["tastes that vanished"]
    whole = pd.concat([BEFORE, LATER])
    whole = whole.assign(item=rng.permutation(whole["item"].to_numpy()))
    assert "tastes that vanished" in _failed(whole)


@pytest.mark.parametrize("robots", [1, 25])
def test_a_robot_flood_is_seen_whether_it_comes_from_one_or_from_many(robots):
    rng, rows = np.random.default_rng(3), 5000
    flood = pd.DataFrame(
        {
            "user": np.char.add("robot", rng.integers(0, robots, rows).astype(str)),
            "item": np.char.add("i", rng.integers(0, ITEMS, rows).astype(str)),
            "kind": "view",
            "time": START + (35 * 86_400 + rng.integers(0, 86_400, rows)).astype("timedelta64[s]"),
        }
    )
    assert "robots" in _failed(pd.concat([BEFORE, LATER, flood]))


def test_copies_lost_rows_and_strange_items_are_seen():
    assert "copies" in _failed(pd.concat([BEFORE, LATER, LATER, LATER, LATER]))
    assert "rows that went" in _failed(pd.concat([BEFORE[:1000], LATER]))
    renamed = LATER.assign(item="new-" + LATER["item"])
    assert _failed(pd.concat([BEFORE, renamed])) == ["unknown items"]


def test_nothing_new_and_too_little_are_said_to_be_unknown():
    log = Interactions.from_frame(BEFORE, MAP)
    (only,) = soundness(log, log, Limits(), np.random.default_rng(0))
    assert only.passed is None
    few = Interactions.from_frame(pd.concat([BEFORE, LATER[:40]]), MAP)
    first = soundness(log, few, Limits(), np.random.default_rng(0))[0]
    assert (first.name, first.passed) == ("tastes that vanished", None)


def test_without_times_nothing_breaks():
    logs = [
        replace(Interactions.from_frame(one, MAP), times=None).in_order()[0]
        for one in (BEFORE, pd.concat([BEFORE, LATER]))
    ]
    checks = {one.name: one.passed for one in soundness(*logs, Limits(), np.random.default_rng(0))}
    assert checks["copies"] is None
    assert False not in checks.values()

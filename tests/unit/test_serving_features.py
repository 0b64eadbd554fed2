import numpy as np

from reco_lab.core.batch import UserBatch
from reco_lab.core.interactions import Kind
from reco_lab.core.learner import WIDTH
from reco_lab.serving.features import features_of

NOW = np.datetime64("2026-03-02T12:00", "us")


def batch(days_ago, kinds):
    count = len(kinds)
    return UserBatch(
        codes=np.array([0], np.int32),
        indptr=np.array([0, count]),
        items=np.arange(count, dtype=np.int32),
        values=np.ones(count, np.float32),
        kinds=np.array([int(kind) for kind in kinds], np.uint8),
        times=NOW - np.array(days_ago) * np.timedelta64(86_400_000_000, "us"),
        as_of=NOW,
        attributes=None,
    )


def test_of_a_stranger_nothing_is_known_but_that_she_is_there():
    assert features_of({}, frozenset(), None).tolist() == [1, *[0] * (WIDTH - 1)]


def test_what_she_did_tells_how_much_how_lately_and_how_much_of_it_she_bought():
    found = features_of({}, frozenset(), batch([90, 0], [Kind.view, Kind.purchase]))
    assert found[0] == found[2] == 1
    assert 0 < found[1] < 1
    assert found[3] == 0.5
    assert features_of({}, frozenset(), batch([90, 30], [Kind.view, Kind.view]))[2] < 0.4


def test_customers_of_one_kind_have_the_same_numbers_whatever_order_they_are_told_in():
    one = features_of({"region": "north", "age": "old"}, frozenset(["big", "small"]), None)
    other = features_of({"age": "old", "region": "north"}, frozenset(["small", "big"]), None)
    assert np.array_equal(one, other)
    assert one[4:].any()
    assert np.abs(one).max() <= 2

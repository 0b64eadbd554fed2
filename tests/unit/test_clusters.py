import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reco_lab.analysis._cluster_names import WORDS, names
from reco_lab.analysis.clusters import clusters
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, ParameterError
from reco_lab.core.interactions import ColumnMap, Interactions

MONDAY = np.datetime64("2025-01-06", "us")
PRICES = np.repeat([5.0, 50.0], 20)
PLAN = pd.DataFrame(
    {"visits": [20, 3], "days": [(0, 1, 2), (5, 6)], "items": [(0, 20), (20, 40)], "from": ["town", "land"]}
)


def shop(sizes=(120, 150), seed=0):
    """Loyal customers who buy cheap things from Monday to Wednesday, and rare ones who buy dear things at weekends."""
    rng = np.random.default_rng(seed)
    parts = []
    for group, size in enumerate(sizes):
        plan = PLAN.loc[group]
        rows = size * plan["visits"]
        pause = 40 // plan["visits"]
        week = pause * (np.arange(rows) // size) + rng.integers(0, pause, rows)
        day = 7 * week + rng.choice(plan["days"], rows)
        parts.append(
            pd.DataFrame(
                {
                    "user": [f"{plan['from']}{one:04}" for one in np.arange(rows) % size],
                    "item": [f"i{one:02}" for one in rng.integers(*plan["items"], rows)],
                    "time": MONDAY
                    + ((day + rng.uniform(0.4, 0.6, rows)) * 86_400e6).astype("timedelta64[us]"),
                    "kind": "purchase",
                }
            )
        )
    frame = pd.concat(parts)
    items = pd.DataFrame({"price": PRICES}, index=[f"i{one:02}" for one in range(40)])
    people = frame["user"].unique()
    customers = pd.DataFrame({"region": [one[:4] for one in people], "age": 40}, index=people)
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    return Dataset.join("shop", log, customers, items)


def gas(customers=400, seed=0):
    """Customers of one kind only."""
    rng = np.random.default_rng(seed)
    rows = 8 * customers
    frame = pd.DataFrame(
        {
            "user": [f"u{one:04}" for one in rng.integers(0, customers, rows)],
            "item": [f"i{one:02}" for one in rng.integers(0, 40, rows)],
            "time": MONDAY + (rng.uniform(0, 300, rows) * 86_400e6).astype("timedelta64[us]"),
        }
    )
    items = pd.DataFrame({"price": np.linspace(1, 9, 40)}, index=[f"i{one:02}" for one in range(40)])
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time"))
    return Dataset.join("gas", log, items=items)


@pytest.fixture(scope="module")
def data():
    return shop()


@pytest.fixture(scope="module")
def found(data):
    return clusters(data, np.random.default_rng(0))


def test_two_kinds_of_customers_are_found_and_told_in_words(data, found):
    kinds = data.customers["region"].to_numpy()[found.members.index]

    assert found.search.set_index("number")["score"].idxmax() == 2
    assert np.sort(pd.crosstab(kinds, found.members).to_numpy(), axis=None).tolist() == [0, 0, 120, 150]
    loyal = found.groups[found.groups["customers"] == 120].iloc[0]
    rare = found.groups[found.groups["customers"] == 150].iloc[0]
    assert {"loyal", "occasional"} & {*loyal["name"].split(", "), *rare["name"].split(", ")}
    assert loyal["visits"] > rare["visits"]
    assert rare["weekend"] > 0.9


def test_planted_groups_are_stable_and_said_to_be(found):
    assert found.steady
    assert found.stability > 0.95
    assert "stand clearly apart" in found.sentences[0]
    assert "are stable" in found.sentences[1]


def test_the_map_parts_the_groups_and_says_how_much_it_shows(found):
    middles = found.places.groupby(found.members)["x"].mean()

    assert abs(middles.diff().iloc[-1]) > 2 * found.places.groupby(found.members)["x"].std().max()
    assert 0.5 < sum(found.explained) <= 1
    assert all(axis.startswith(("more ", "less ")) for axis in found.axes)


def test_the_same_generator_gives_the_same_groups(data, found):
    again = clusters(data, np.random.default_rng(0))

    pd.testing.assert_series_equal(again.members, found.members)
    assert again.stability == found.stability


def test_customers_of_one_kind_are_not_said_to_fall_into_groups():
    found = clusters(gas(), np.random.default_rng(0), number=7)

    assert not found.steady
    assert "You asked for 7 groups" in found.sentences[0]
    assert "change gradually" in found.sentences[0]
    assert "unstable" in found.sentences[1]
    assert found.groups["name"].is_unique


def test_a_mixture_is_chosen_by_its_lowest_bic(data):
    found = clusters(data, np.random.default_rng(0), method="mixture")
    lowest = int(found.search["number"][found.search["score"].argmin()])

    assert found.criterion == "BIC"
    assert len(found.groups) <= lowest
    assert found.groups["share"].sum() == pytest.approx(1)
    assert str(lowest) in found.sentences[0]


def test_attributes_take_part_where_they_are_asked_for(data):
    found = clusters(data, np.random.default_rng(0), number=2, attributes=("region",))

    assert {"region = land", "region = town"} <= set(found.profile.columns)
    with pytest.raises(ParameterError, match="no column 'shoe size'"):
        clusters(data, np.random.default_rng(0), attributes=("shoe size",))
    with pytest.raises(ParameterError, match="'age' say too little"):
        clusters(data, np.random.default_rng(0), attributes=("age",))


def test_too_few_customers_or_a_number_beyond_sense_are_refused(data):
    with pytest.raises(DataError, match="cannot be grouped"):
        clusters(shop((30, 30)), np.random.default_rng(0))
    with pytest.raises(ParameterError, match="11 groups"):
        clusters(data, np.random.default_rng(0), number=11)


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.float64, (6, 4), elements=st.sampled_from([-2.0, -0.4, 0.0, 0.1, 0.4, 2.0])))
def test_no_two_groups_are_called_the_same_and_none_is_nameless(profile):
    found = names(profile, list(WORDS)[:4])

    assert len(set(found)) == len(found)
    assert all(found)


def test_a_group_is_named_by_what_sets_it_apart_most():
    traits = ["visits", "price_level", "weekend", "region = north"]

    assert names(np.array([[2.0, 0.1, 1.0, 0.0], [-1.0, -3.0, 0.0, 0.9]]), traits) == [
        "loyal, weekends",
        "low price, occasional, north",
    ]
    assert names(np.array([[0.1, 0.0, 0.1, 0.2]]), traits) == ["like everyone"]

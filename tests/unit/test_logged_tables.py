import numpy as np
import pandas as pd
import pytest

from reco_lab.core.errors import DataError, MappingError
from reco_lab.experiments.off_policy import judge
from reco_lab.services.logged_tables import JudgedPolicy, LoggedColumns, guessed, read_logged

COLUMNS = LoggedColumns("ad", "click", "chance", customer="who", position="place")


@pytest.fixture
def file(tmp_path):
    def write(rows, name="log.csv"):
        path = tmp_path / name
        pd.DataFrame(rows).to_csv(path, index=False)
        return path

    return write


def rows(n=400, ads=4, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "who": [f"c{one}" for one in rng.integers(0, n // 2, n)],
        "ad": [f"a{one}" for one in rng.integers(0, ads, n)],
        "click": rng.integers(0, 2, n),
        "chance": np.full(n, 1 / ads),
        "place": rng.integers(1, 4, n),
    }


def test_what_even_chances_earned_is_what_even_chances_would_earn(file):
    found = read_logged(file(rows()), COLUMNS, JudgedPolicy())
    one = judge(found.logged, np.random.default_rng(0))
    assert found.logged.weight.tolist() == [1.0] * 400
    assert one.best.value.value == pytest.approx(one.logged.value)
    assert one.support.customers == len(set(rows()["who"]))


def test_every_row_is_used_or_refused_with_its_reason(file):
    bad = rows(12)
    bad["chance"] = ["0", "1.5", "", "nan", "-0.1", "often", *["0.25"] * 6]
    bad["ad"][6], bad["click"] = "", [*bad["click"][:7], "", "maybe", 1, 0, 1]
    found = read_logged(file(bad), COLUMNS, JudgedPolicy())
    assert found.rows_in_file == 12 == len(found.logged) + len(found.refused)
    assert dict(
        zip(found.refused["line"] - found.refused["line"].min(), found.refused["reason"], strict=True)
    ) == {
        0: "has a propensity that is not above 0 and at most 1",
        1: "has a propensity that is not above 0 and at most 1",
        2: "has no propensity",
        3: "has a propensity that is not finite",
        4: "has a propensity that is not above 0 and at most 1",
        5: "has a propensity that is no number",
        6: "has no action id",
        7: "has no reward",
        8: "has a reward that is no number",
    }


def test_rows_that_name_nobody_are_customers_of_their_own(file):
    some = rows(10)
    some["who"] = ["x", "x", *[""] * 8]
    found = read_logged(file(some), COLUMNS, JudgedPolicy())
    assert len(set(found.logged.customers.tolist())) == 9
    alone = read_logged(file(some), LoggedColumns("ad", "click", "chance"), JudgedPolicy())
    assert len(set(alone.logged.customers.tolist())) == 10


def test_a_column_can_hold_the_chances_of_the_judged_policy(file):
    some = rows(6) | {"target": [0.5, 0, 1, 1.2, -1, 0.25]}
    columns = LoggedColumns("ad", "click", "chance", target="target")
    found = read_logged(file(some), columns, JudgedPolicy("column"))
    assert found.logged.target.tolist() == [0.5, 0, 1, 0.25]
    assert set(found.refused["reason"]) == {"has a target chance that is not from 0 to 1"}
    with pytest.raises(MappingError, match="No column holds the target chance"):
        read_logged(file(some), COLUMNS, JudgedPolicy("column"))


def test_a_table_of_its_own_says_how_often_the_policy_does_what_and_what_it_earned(file):
    own = {
        "who": list("abcd"),
        "ad": ["a0", "a0", "a1", "a9"],
        "click": [1, 0, 1, 1],
        "chance": 0.5,
        "place": [1, 1, 1, 2],
    }
    judged = JudgedPolicy("table", path=file(own, "own.csv"))
    some = {
        "who": list("efg"),
        "ad": ["a0", "a1", "a1"],
        "click": [0, 1, 0],
        "chance": 0.5,
        "place": [1, 1, 2],
    }
    found = read_logged(file(some), COLUMNS, judged)
    assert found.logged.target == pytest.approx([2 / 3, 1 / 3, 0])
    assert found.own.reward.mean() == 0.75
    with pytest.raises(DataError, match="is missing"):
        read_logged(file(some), COLUMNS, JudgedPolicy("table"))


def test_more_to_choose_from_than_the_table_shows_makes_each_chance_smaller_and_fewer_is_refused(file):
    path = file(rows())
    assert read_logged(path, COLUMNS, JudgedPolicy(actions=8)).logged.target[0] == 1 / 8
    with pytest.raises(DataError, match="4 different actions, more than the 3"):
        read_logged(path, COLUMNS, JudgedPolicy(actions=3))


def test_a_table_without_a_usable_row_or_a_column_is_refused_in_a_sentence(file):
    path = file(rows() | {"chance": np.zeros(400)})
    with pytest.raises(DataError, match="No row can be used: the first one has a propensity"):
        read_logged(path, COLUMNS, JudgedPolicy())
    with pytest.raises(MappingError, match="There is no column 'advert'"):
        read_logged(path, LoggedColumns("advert", "click", "chance"), JudgedPolicy())


def test_columns_are_guessed_by_their_names():
    assert guessed(["timestamp", "Item ID", "position", "click", "propensity_score"]) == LoggedColumns(
        "Item ID", "click", "propensity_score", position="position"
    )
    assert guessed(["a", "b"]) is None


def test_numbers_too_large_to_add_up_are_refused_and_leave_the_rest_judged(file):
    some = rows(200)
    some["click"] = [1e308, -1e308, *some["click"][2:].tolist()]
    some["chance"] = [0.25, 0.25, 1e-308, *some["chance"][3:].tolist()]
    found = read_logged(file(some), COLUMNS, JudgedPolicy())
    assert found.refused["reason"].tolist() == [
        "has a reward beyond 1e+12",
        "has a reward beyond 1e+12",
        "has a propensity that is not above 0 and at most 1",
    ]
    made = judge(found.logged, np.random.default_rng(0))
    assert np.isfinite([made.best.value.low, made.best.value.high]).all()


def test_a_column_of_ids_taken_for_the_position_is_refused_before_memory_is_asked_for(file):
    n = 4_000
    wide = {"ad": [f"a{one}" for one in range(n)], "click": 1, "chance": 0.5, "place": range(n), "who": "x"}
    path = file(wide)
    for policy in (JudgedPolicy(), JudgedPolicy("table", path=path)):
        with pytest.raises(
            DataError, match="4,000 different positions and 4,000 different actions: too many"
        ):
            read_logged(path, COLUMNS, policy)
